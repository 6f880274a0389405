#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "ops/elements.h"
#include "ops/elementwise.h"

namespace kerf::ops {

/// How two tensors meet under numpy's rule, with as few axes as possible: equal shapes are one axis, a vector along the
/// last axis two. Strides count elements; 0 where an operand is repeated.
struct Broadcast {
  struct Axis {
    std::int64_t extent, stride_a, stride_b;
  };
  std::vector<Axis> axes;  ///< outermost first, never empty

  Broadcast(const Shape& a, const Shape& b, const Shape& result);
  /// Product of all extents but the last.
  std::int64_t rows() const;
  /// Offsets of row `row` in the two operands.
  std::pair<std::int64_t, std::int64_t> offsets(std::int64_t row) const;
};

/// result = function(a, b) along a row; strides are 0 or 1.
template <typename T, typename R, typename Function>
void apply_row(const T* a, std::int64_t stride_a, const T* b, std::int64_t stride_b, R* result, std::int64_t count,
               const Function& function) {
  if (stride_a == 1 && stride_b == 1) {
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) result[i] = function(a[i], b[i]);
  } else if (stride_a == 1) {
    const T fixed = *b;
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) result[i] = function(a[i], fixed);
  } else if (stride_b == 1) {
    const T fixed = *a;
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) result[i] = function(fixed, b[i]);
  } else {
    std::fill(result, result + count, function(*a, *b));
  }
}

/// function(a, b) with operands of type T and results of type R, `dtype` in the tensor.
template <typename T, typename R, typename Function>
Tensor apply_broadcast_as(DType dtype, const Tensor& a, const Tensor& b, const Function& function) {
  const Shape shape = broadcast_shape(a.shape(), b.shape());
  Tensor result(dtype, shape);
  if (result.size() == 0) return result;
  const Broadcast broadcast(a.shape(), b.shape(), shape);
  const auto inner = broadcast.axes.back();
  const T* from_a = elements<T>(a);
  const T* from_b = elements<T>(b);
  R* to = elements<R>(result);
  if (broadcast.axes.size() == 1) {
    for_ranges(inner.extent, kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      apply_row(from_a + begin * inner.stride_a, inner.stride_a, from_b + begin * inner.stride_b, inner.stride_b,
                to + begin, end - begin, function);
    });
    return result;
  }
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / inner.extent);
  for_ranges(broadcast.rows(), grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const auto [offset_a, offset_b] = broadcast.offsets(row);
      apply_row(from_a + offset_a, inner.stride_a, from_b + offset_b, inner.stride_b, to + row * inner.extent,
                inner.extent, function);
    }
  });
  return result;
}

/// The same with results of the operands' dtype.
template <typename T, typename Function>
Tensor apply_broadcast(const Tensor& a, const Tensor& b, const Function& function) {
  return apply_broadcast_as<T, T>(a.dtype(), a, b, function);
}

/// output 0 = function(input 0, input 1), numbers.
template <typename Function>
void run_binary(KernelContext& context, const Function& function) {
  const Tensor &a = context.input(0), &b = context.input(1);
  context.output(0) =
      with_number_type(a.dtype(), [&](auto zero) { return apply_broadcast<decltype(zero)>(a, b, function); });
}

/// output 0 = is function(input 0, input 1)? Operands of one dtype.
template <typename Function>
void run_comparison(KernelContext& context, const Function& function) {
  const Tensor &a = context.input(0), &b = context.input(1);
  context.output(0) = with_element_type(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    return apply_broadcast_as<T, std::uint8_t>(
        DType::kBool, a, b, [&](T x, T y) { return static_cast<std::uint8_t>(function(x, y) ? 1 : 0); });
  });
}

/// The sum of `values` over the axes along which a tensor of `shape` was repeated to their shape: what the derivative
/// by that tensor is, given the derivative by its repetition.
Tensor sum_to_shape(const Tensor& values, const Shape& shape);

/// Derivatives of an output function(a, b): by_a and by_b are those of the function by its arguments, times the
/// output's.
template <typename ByA, typename ByB>
void differentiate_binary(DerivativeContext& context, const ByA& by_a, const ByB& by_b) {
  const Tensor &a = context.input(0), &b = context.input(1), &by_output = context.by_output(0);
  const bool alike = a.shape() == b.shape();
  const auto chain = [&](std::size_t input, const auto& by) {
    if (alike) {
      // Nothing is repeated, so nothing needs to be held in between.
      Tensor result(DType::kF32, a.shape());
      const float *from_a = a.data<float>(), *from_b = b.data<float>(), *from = by_output.data<float>();
      float* const to = result.data<float>();
      for_ranges(result.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) to[i] = by(from_a[i], from_b[i]) * from[i];
      });
      context.give(input, std::move(result));
      return;
    }
    const Tensor slopes = apply_broadcast<float>(a, b, by);
    const Tensor whole = apply_broadcast<float>(slopes, by_output, [](float x, float y) { return x * y; });
    context.give(input, sum_to_shape(whole, context.input(input).shape()));
  };
  if (context.wants(0)) chain(0, by_a);
  if (context.wants(1)) chain(1, by_b);
}

/// Two inputs of numbers of one dtype that broadcast.
std::vector<TensorSpec> infer_binary(const graph::Node& node, Specs inputs);
/// Two inputs of one dtype that broadcast, to truth values; any dtype, but floats and integers have an order.
std::vector<TensorSpec> infer_comparison(const graph::Node& node, Specs inputs);
std::vector<TensorSpec> infer_equality(const graph::Node& node, Specs inputs);
/// Two truth values that broadcast.
std::vector<TensorSpec> infer_logic(const graph::Node& node, Specs inputs);
/// Two inputs of one integer dtype that broadcast.
std::vector<TensorSpec> infer_bitwise(const graph::Node& node, Specs inputs);

}  // namespace kerf::ops
