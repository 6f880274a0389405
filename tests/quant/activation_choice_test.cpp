#include "quant/activation_choice.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/expect_error.h"

namespace kerf::quant {
namespace {

using test::expect_error;

TEST(ActivationChoice, ReadsASchemeAndItsRange) {
  const RangeChoice fallback = parse_range("entropy");
  EXPECT_FALSE(parse_activations("", fallback));
  EXPECT_FALSE(parse_activations("None", fallback));
  EXPECT_EQ(parse_activations("int8-dynamic", fallback)->name(), "int8-dynamic");
  EXPECT_EQ(parse_activations("int8-static", fallback)->name(), "int8-static/entropy");
  EXPECT_EQ(parse_activations("INT8-static-asym/percentile-99.5", fallback)->name(),
            "int8-static-asym/percentile-99.5");
  expect_error(ErrorCode::kUsage, "a rule is for static ones",
               [&] { parse_activations("int8-dynamic/mse", fallback); });
  expect_error(ErrorCode::kUsage, "no activation scheme", [&] { parse_activations("int8/mse", fallback); });
  expect_error(ErrorCode::kUsage, "no range rule ' '", [&] { parse_activations("int8-static/ ", fallback); });
}

}  // namespace
}  // namespace kerf::quant
