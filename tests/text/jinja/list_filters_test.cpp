
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/jinja/render.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;
using test::render;

TEST(ListFilters, GeneratorsAreWalkedOnce) {
  EXPECT_EQ(render("{% set g = [1, 2] | map(\"string\") %}{{ g | join }}/{{ g | join }}/{{ g is sequence }}"),
            "12//False");
  expect_error(ErrorCode::kInput, "a generator has no length", [] { render("{{ [1] | select | length }}"); });
}

TEST(ListFilters, ChooseAndOrder) {
  EXPECT_EQ(render("{{ [{\"a\": 2}, {\"a\": 1}] | sort(attribute=\"a\") | map(attribute=\"a\") | list }}"), "[1, 2]");
  EXPECT_EQ(render("{{ [\"b\", \"B\", \"a\"] | unique | list }}{{ [3, 1] | max }}{{ [] | min is defined }}"),
            "['b', 'a']3False");
  EXPECT_EQ(render("{{ [{\"r\": \"u\"}, {\"r\": \"s\"}] | rejectattr(\"r\", \"eq\", \"u\") | list }}"), "[{'r': 's'}]");
  expect_error(ErrorCode::kInput, "'<' is not defined for a string and an integer",
               [] { render("{{ [1, \"a\"] | sort }}"); });
}

}  // namespace
}  // namespace kerf::text::jinja
