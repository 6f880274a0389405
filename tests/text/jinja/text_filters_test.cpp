
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/jinja/render.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;
using test::render;

TEST(TextFilters, TakeAnythingAsText) {
  EXPECT_EQ(render("{{ 12 | center(6) }}|{{ none | upper }}|{{ [1] | string | length }}"), "  12  |NONE|3");
  EXPECT_EQ(render("{{ \"they're here-and (there)\" | title }}"), "They're Here-And (There)");
  EXPECT_EQ(render("{{ \"a\\nb\\n\\nc\" | indent(2) }}"), "a\n  b\n\n  c");
  EXPECT_EQ(render("{{ \"one two three four\" | truncate(11) }}"), "one two...");
}

TEST(TextFilters, RefuseWhatMakesNoSense) {
  expect_error(ErrorCode::kInput, "indents by 9999", [] { render("{{ \"a\" | indent(9999) }}"); });
  expect_error(ErrorCode::kInput, "truncates to 1", [] { render("{{ \"abc\" | truncate(1) }}"); });
}

}  // namespace
}  // namespace kerf::text::jinja
