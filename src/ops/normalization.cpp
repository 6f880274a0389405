#include "ops/normalization.h"

#include <algorithm>

#include <fmt/format.h>

namespace kerf::ops {

std::vector<TensorSpec> infer_normalization(const graph::Node& node, Specs inputs, bool may_have_bias) {
  expect_input_count(inputs, 2, may_have_bias ? 3 : 2);
  expect_one_output(node);
  const TensorSpec& x = expect_input(inputs, 0, "X", {DType::kF32});
  if (x.shape.empty()) mismatch("input X: found a scalar, expected at least one axis");
  const std::int64_t axis = node.attributes.int_or("axis", -1);
  if (normalized_axis(axis, x.shape.size()) + 1 != x.shape.size()) {
    mismatch(fmt::format("attribute axis: found {} for {}, expected the last axis", axis, to_string(x.shape)));
  }
  constexpr std::int64_t kStashF32 = 1;
  const std::int64_t stash = node.attributes.int_or("stash_type", kStashF32);
  if (stash != kStashF32) mismatch(fmt::format("attribute stash_type: found {}, expected {} (f32)", stash, kStashF32));
  const Shape vector{x.shape.back()};
  expect_shape(expect_input(inputs, 1, "scale", {DType::kF32}), "scale", vector);
  if (has_input(inputs, 2)) expect_shape(expect_input(inputs, 2, "B", {DType::kF32}), "B", vector);
  return {{DType::kF32, x.shape}};
}

Tensor to_f32(const std::vector<double>& sums) {
  Tensor result(DType::kF32, {std::ssize(sums)});
  std::transform(sums.begin(), sums.end(), result.data<float>(), [](double sum) { return static_cast<float>(sum); });
  return result;
}

}  // namespace kerf::ops
