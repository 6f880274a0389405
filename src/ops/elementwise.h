#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/checked.h"
#include "core/threads.h"
#include "ops/elements.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace kerf::ops {

/// Calls body(begin, end) for ranges of [0, count), in parallel if there are several. `grain`: indices of a range; the
/// cuts depend on nothing else.
template <typename Body>
void for_ranges(std::int64_t count, std::int64_t grain, const Body& body) {
  if (count <= 2 * grain) {
    if (count > 0) body(std::int64_t{0}, count);
    return;
  }
  parallel_for(div_up(count, grain), [&](std::int64_t i) { body(i * grain, std::min(count, (i + 1) * grain)); });
}

/// Elements that are worth a thread.
inline constexpr std::int64_t kElementGrain = 1 << 16;

/// output 0 = function(input 0) for every element.
template <typename Function>
void run_map(KernelContext& context, const Function& function) {
  const Tensor& x = context.input(0);
  Tensor y(DType::kF32, x.shape());
  const float* from = x.data<float>();
  float* to = y.data<float>();
  for_ranges(x.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) to[i] = function(from[i]);
  });
  context.output(0) = std::move(y);
}

/// output 0 = does `test`(input 0) hold? For every element.
template <typename Test>
void run_test(KernelContext& context, const Test& test) {
  const Tensor& x = context.input(0);
  Tensor y(DType::kBool, x.shape());
  const float* from = x.data<float>();
  for_ranges(x.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y.raw()[i] = std::byte{test(from[i])};
  });
  context.output(0) = std::move(y);
}

/// output 0 = function(input 0) for every element, of the input's dtype.
template <typename Function>
void run_typed_map(KernelContext& context, const Function& function) {
  const Tensor& x = context.input(0);
  Tensor y(x.dtype(), x.shape());
  with_element_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = elements<T>(x);
    T* to = elements<T>(y);
    for_ranges(x.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) to[i] = static_cast<T>(function(from[i]));
    });
  });
  context.output(0) = std::move(y);
}

/// Derivative of y = function(x): `slope`(x, y) times the output's.
template <typename Slope>
void differentiate_map(DerivativeContext& context, const Slope& slope) {
  if (!context.wants(0)) return;
  const Tensor &x = context.input(0), &y = context.output(0), &by_output = context.by_output(0);
  Tensor by_input(DType::kF32, x.shape());
  const float *from = x.data<float>(), *result = y.data<float>(), *by = by_output.data<float>();
  float* to = by_input.data<float>();
  for_ranges(x.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) to[i] = by[i] * slope(from[i], result[i]);
  });
  context.give(0, std::move(by_input));
}

/// The rule of a function of one f32 tensor.
inline std::vector<TensorSpec> infer_map(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "X", {DType::kF32});
  return {{DType::kF32, x.shape}};
}

/// The same for every dtype that has an order.
inline std::vector<TensorSpec> infer_typed_map(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "X", kNumberDTypes);
  return {{x.dtype, x.shape}};
}

}  // namespace kerf::ops
