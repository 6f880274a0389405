#include "ops/normalization.h"

#include <gtest/gtest.h>

#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

/// The variance of large, nearly equal values is lost if squares are subtracted in f32.
TEST(Normalization, LayerNormKeepsSmallDifferencesOfLargeValues) {
  constexpr std::int64_t kWidth = 64;
  Tensor x(DType::kF32, {1, kWidth}), scale(DType::kF32, {kWidth});
  for (std::int64_t i = 0; i < kWidth; ++i) {
    x.data<float>()[i] = 10000.0F + static_cast<float>(i % 2);
    scale.data<float>()[i] = 1.0F;
  }
  const Tensor y =
      test::run_op({.op = "LayerNormalization", .inputs = {x, scale}, .attributes = {{"epsilon", 1e-12}}})[0];
  for (std::int64_t i = 0; i < kWidth; ++i) EXPECT_NEAR(y.data<float>()[i], i % 2 == 0 ? -1 : 1, 1e-6);
}

TEST(Normalization, ARowOfZerosStaysFinite) {
  const Tensor zeros = Tensor::zeros(DType::kF32, {2, 5}), scale = test::random_tensor({5}, 1);
  for (const char* op : {"RMSNormalization", "LayerNormalization"}) {
    const Tensor found = test::run_op({.op = op, .inputs = {zeros, scale}})[0];
    for (const float value : found.values<float>()) EXPECT_EQ(value, 0.0F) << op;
  }
}

/// Squares of values beyond 1e19 overflow f32.
TEST(Normalization, HugeValuesDoNotOverflow) {
  Tensor x = test::random_tensor({1, 32}, 1), scale(DType::kF32, {32});
  for (float& value : x.values<float>()) value *= 1e30F;
  for (float& value : scale.values<float>()) value = 1.0F;
  double squares = 0;
  const Tensor found = test::run_op({.op = "RMSNormalization", .inputs = {x, scale}})[0];
  for (const float value : found.values<float>()) squares += static_cast<double>(value) * static_cast<double>(value);
  EXPECT_NEAR(squares / 32, 1, 1e-5);
}

}  // namespace
}  // namespace kerf::ops
