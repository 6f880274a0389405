
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/jinja/render.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;
using test::render;

TEST(CollectionMethods, ChangeNothing) {
  EXPECT_EQ(
      render("{% for k, v in {\"a\": 1, \"items\": 2}.items() %}{{ k }}{{ v }}{% endfor %}{{ {\"a\": 1}.get(\"b\") }}"),
      "a1items2None");
  EXPECT_EQ(render("{{ [1, 2, 1].count(1) }}{{ [1, 2].index(2) }}{{ {\"a\": 1}.values() | list }}"), "21[1]");
  expect_error(ErrorCode::kInput, "the method 'update' of a dict is not supported",
               [] { render("{{ {}.update({}) }}"); });
}

}  // namespace
}  // namespace kerf::text::jinja
