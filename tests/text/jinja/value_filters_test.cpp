
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/jinja/render.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;
using test::render;

TEST(ValueFilters, NumbersAreThoseOfPython) {
  EXPECT_EQ(render("{{ 2.5 | round }} {{ 3.5 | round }} {{ \"3.9\" | int }} {{ \"x\" | int(7) }} {{ -3 | abs }}"),
            "2.0 4.0 3 7 3");
  EXPECT_EQ(render("{{ x | default(1) }}{{ \"\" | d(2) }}{{ \"\" | d(2, true) }}"), "12");
  expect_error(ErrorCode::kInput, "another base than 10", [] { render("{{ \"ff\" | int(0, 16) }}"); });
}

}  // namespace
}  // namespace kerf::text::jinja
