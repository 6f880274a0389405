
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/jinja/render.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;
using test::render;

TEST(Tests, KnowKinds) {
  EXPECT_EQ(render("{{ 1 is integer }}{{ true is integer }}{{ true is number }}{{ x is none }}{{ none is defined }}"),
            "TrueFalseTrueFalseTrue");
  EXPECT_EQ(
      render(
          "{{ \"a\" is iterable }}{{ 1 is iterable }}{{ {} is mapping }}{{ x is iterable }}{{ 4 is divisibleby 2 }}"),
      "TrueFalseTrueTrueTrue");
  EXPECT_EQ(render("{{ \"a\" is in \"ba\" }}{{ 2 is gt 1 }}{{ \"Ab\" is upper }}{{ 3 is odd and 2 is even }}"),
            "TrueTrueFalseTrue");
}

}  // namespace
}  // namespace kerf::text::jinja
