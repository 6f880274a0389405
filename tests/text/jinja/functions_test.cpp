
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/jinja/render.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;
using test::render;

TEST(Functions, AreThere) {
  EXPECT_EQ(render("{{ range(5, 0, -2) | list }}{{ dict(a=1) }}{% set j = joiner(\";\") %}{{ j() }}{{ j() }}"),
            "[5, 3, 1]{'a': 1};");
  EXPECT_EQ(
      render(
          "{% set n = namespace(a=1) %}{% for i in [2] %}{% set n.a = i %}{% endfor %}{{ n.a }}{{ n.b is defined }}"),
      "2False");
  EXPECT_EQ(render("{{ strftime_now(\"%A %j\") }}"), "Friday 208");
  expect_error(ErrorCode::kInput, "a range with a step of zero", [] { render("{{ range(1, 2, 0) }}"); });
}

}  // namespace
}  // namespace kerf::text::jinja
