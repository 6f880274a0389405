#include "ops/broadcast.h"

#include <fmt/format.h>

namespace kerf::ops {
namespace {

/// Dimension `i` from the end, 1 where there is none.
std::int64_t from_end(const Shape& shape, std::size_t i) { return i < shape.size() ? shape[shape.size() - 1 - i] : 1; }

}  // namespace

Broadcast::Broadcast(const Shape& a, const Shape& b, const Shape& result) {
  std::int64_t step_a = 1, step_b = 1;
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::int64_t extent = from_end(result, i), extent_a = from_end(a, i), extent_b = from_end(b, i);
    const Axis axis{extent, extent_a == 1 ? 0 : step_a, extent_b == 1 ? 0 : step_b};
    step_a *= extent_a;
    step_b *= extent_b;
    if (extent == 1) continue;
    if (!axes.empty()) {
      // Joins the axis inside it if both operands go on as they went there.
      Axis& inner = axes.back();
      if (axis.stride_a == inner.stride_a * inner.extent && axis.stride_b == inner.stride_b * inner.extent) {
        inner.extent *= extent;
        continue;
      }
    }
    axes.push_back(axis);
  }
  if (axes.empty()) axes.push_back({1, 0, 0});
  std::reverse(axes.begin(), axes.end());
}

std::int64_t Broadcast::rows() const {
  std::int64_t count = 1;
  for (std::size_t i = 0; i + 1 < axes.size(); ++i) count *= axes[i].extent;
  return count;
}

std::pair<std::int64_t, std::int64_t> Broadcast::offsets(std::int64_t row) const {
  std::pair<std::int64_t, std::int64_t> offset{0, 0};
  for (std::size_t i = axes.size() - 1; i-- > 0;) {
    const std::int64_t at = row % axes[i].extent;
    row /= axes[i].extent;
    offset.first += at * axes[i].stride_a;
    offset.second += at * axes[i].stride_b;
  }
  return offset;
}

Tensor sum_to_shape(const Tensor& values, const Shape& shape) {
  if (values.shape() == shape) return values;
  Tensor sums = Tensor::zeros(DType::kF32, shape);
  if (values.size() == 0) return sums;
  const Broadcast broadcast(values.shape(), shape, values.shape());
  const auto inner = broadcast.axes.back();
  // Along the last axis in f32, which is summed in lanes elsewhere; here rows are few and short.
  for (std::int64_t row = 0; row < broadcast.rows(); ++row) {
    const auto [from, to] = broadcast.offsets(row);
    const float* const x = values.data<float>() + from;
    float* const y = sums.data<float>() + to;
    if (inner.stride_b == 0) {
      double sum = 0;
      for (std::int64_t i = 0; i < inner.extent; ++i) sum += static_cast<double>(x[i * inner.stride_a]);
      *y += static_cast<float>(sum);
    } else {
      for (std::int64_t i = 0; i < inner.extent; ++i) y[i] += x[i];
    }
  }
  return sums;
}

namespace {

/// Two inputs of one of the dtypes, that broadcast.
TensorSpec infer_pair(Specs inputs, std::initializer_list<DType> dtypes) {
  expect_input_count(inputs, 2, 2);
  const TensorSpec& a = expect_input(inputs, 0, "A", dtypes);
  const TensorSpec& b = expect_input(inputs, 1, "B", dtypes);
  if (a.dtype != b.dtype) mismatch(fmt::format("found {} and {}, expected one dtype", describe(a), describe(b)));
  return {a.dtype, broadcast_shape(a.shape, b.shape)};
}

}  // namespace

std::vector<TensorSpec> infer_binary(const graph::Node& /*node*/, Specs inputs) {
  return {infer_pair(inputs, kNumberDTypes)};
}

std::vector<TensorSpec> infer_comparison(const graph::Node& /*node*/, Specs inputs) {
  return {{DType::kBool, infer_pair(inputs, kNumberDTypes).shape}};
}

std::vector<TensorSpec> infer_equality(const graph::Node& /*node*/, Specs inputs) {
  return {{DType::kBool, infer_pair(inputs, kElementDTypes).shape}};
}

std::vector<TensorSpec> infer_logic(const graph::Node& /*node*/, Specs inputs) {
  return {infer_pair(inputs, {DType::kBool})};
}

std::vector<TensorSpec> infer_bitwise(const graph::Node& /*node*/, Specs inputs) {
  return {infer_pair(inputs, {DType::kI64, DType::kI32, DType::kI8, DType::kU8})};
}

}  // namespace kerf::ops
