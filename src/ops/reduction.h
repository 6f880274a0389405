#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "ops/arithmetic.h"
#include "ops/elementwise.h"
#include "ops/row_math.h"
#include "ops/strided_copy.h"

namespace kerf::ops {

/// Which axes a reduction takes together: those of its second input; all of them if that is absent or empty, unless
/// attribute noop_with_empty_axes says that this means none.
std::vector<bool> reduced_axes(const graph::Node& node, const std::vector<std::int64_t>& axes, std::size_t rank);
/// What is left of a shape; with attribute keepdims axes of extent 1.
Shape reduced_shape(const graph::Node& node, const Shape& shape, const std::vector<bool>& reduced);

/// Axes of a node that runs.
template <typename Context>
std::vector<bool> reduced_axes_of(const Context& context) {
  const auto axes = context.has_input(1) ? integers_of(context.input(1)) : std::vector<std::int64_t>();
  return reduced_axes(context.node(), axes, context.input(0).rank());
}

/// The rule of reductions of numbers. `of_none`: is there a result of no elements?
std::vector<TensorSpec> infer_reduction(const graph::Node& node, Specs inputs, bool of_none);
inline std::vector<TensorSpec> infer_sum(const graph::Node& node, Specs inputs) {
  return infer_reduction(node, inputs, true);
}
inline std::vector<TensorSpec> infer_extremum(const graph::Node& node, Specs inputs) {
  return infer_reduction(node, inputs, false);
}

/// The tensor with the axes that are reduced last, so that every result is of one row of `width` elements.
struct ReductionRows {
  ReductionRows(const Tensor& x, const std::vector<bool>& reduced);
  Tensor rows;
  std::int64_t width = 1;
};

/// output 0 = function(row, width) for the elements along the reduced axes: `function` takes const T* and a count.
template <typename Function>
void run_reduction(KernelContext& context, const Function& function) {
  const Tensor& x = context.input(0);
  const auto reduced = reduced_axes_of(context);
  Tensor result(x.dtype(), reduced_shape(context.node(), x.shape(), reduced));
  const ReductionRows rows(x, reduced);
  with_number_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(rows.width, 1));
    for_ranges(result.size(), grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        result.data<T>()[r] = static_cast<T>(function(rows.rows.template data<T>() + r * rows.width, rows.width));
      }
    });
  });
  context.output(0) = std::move(result);
}

/// Calls visit(element, result) for every element of a tensor: the result is that of its kept coordinates.
template <typename Visit>
void for_each_reduced(const Shape& shape, const std::vector<bool>& reduced, const Visit& visit) {
  const Shape strides = row_major_strides(shape);
  const std::int64_t count = numel(shape);
  for (std::int64_t at = 0; at < count; ++at) {
    std::int64_t result = 0;
    for (std::size_t i = 0; i < reduced.size(); ++i) {
      if (!reduced[i]) result = result * shape[i] + at / strides[i] % shape[i];
    }
    visit(at, result);
  }
}

/// The rule of sums, and of means: every element of a row gets the result's, or its share.
inline void differentiate_sum(DerivativeContext& context, bool mean) {
  if (!context.wants(0)) return;
  const Tensor &x = context.input(0), &by_output = context.by_output(0);
  const float share = mean ? static_cast<float>(by_output.size()) / static_cast<float>(x.size()) : 1.0F;
  Tensor by_input(DType::kF32, x.shape());
  for_each_reduced(x.shape(), reduced_axes_of(context), [&](std::int64_t at, std::int64_t result) {
    by_input.data<float>()[at] = share * by_output.data<float>()[result];
  });
  context.give(0, std::move(by_input));
}

/// Sum of term(x[i]) along a row: of floats in f64, over lanes; of integers in 64 bits, wrapping around.
template <typename T, typename Term>
auto row_sum(const T* row, std::int64_t count, const Term& term) {
  if constexpr (std::is_floating_point_v<T>) {
    return lane_sum<double>(count, [&](std::int64_t i) { return term(static_cast<double>(row[i])); });
  } else {
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < count; ++i) sum = add(sum, term(static_cast<std::int64_t>(row[i])));
    return sum;
  }
}

}  // namespace kerf::ops
