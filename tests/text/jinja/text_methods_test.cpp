
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/jinja/render.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;
using test::render;

TEST(TextMethods, AreThoseOfPython) {
  EXPECT_EQ(render("{{ \" a b c \".split(none, 1) }}{{ \" a b c \".rsplit(none, 1) }}{{ \"a,,b\".split(\",\") }}"),
            "['a', 'b c '][' a b', 'c']['a', '', 'b']");
  EXPECT_EQ(render("{{ \"abc\".replace(\"\", \"-\", 2) }}{{ \"aXbX\".partition(\"X\") }}{{ \"ab\".startswith((\"x\", "
                   "\"a\")) }}"),
            "-a-bc('a', 'X', 'bX')True");
  EXPECT_EQ(render("{{ \"\\u00e9xx\".find(\"x\") }}{{ \"{0}{{}}{a}\".format(1, a=2) }}"), "11{}2");
}

TEST(TextMethods, RefuseWhatPythonDoes) {
  expect_error(ErrorCode::kInput, "splits at an empty string", [] { render("{{ \"a\".split(\"\") }}"); });
  expect_error(ErrorCode::kInput, "'x' is not in the string", [] { render("{{ \"a\".index(\"x\") }}"); });
}

}  // namespace
}  // namespace kerf::text::jinja
