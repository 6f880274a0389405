#pragma once

#include <vector>

#include "ops/axis_view.h"
#include "ops/elements.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace kerf::ops {

/// The rule of ArgMax and ArgMin: places along attribute axis, which stays with extent 1 if keepdims says so.
std::vector<TensorSpec> infer_arg_extremum(const graph::Node& node, Specs inputs);

/// Output 0: along the axis, the place of the element that `is_better`(a, b) than all others; the first of several, or
/// with select_last_index the last.
template <typename IsBetter>
void run_arg_extremum(KernelContext& context, const IsBetter& is_better) {
  const Tensor& x = context.input(0);
  const TensorSpec spec{x.dtype(), x.shape()};
  const TensorSpec* const specs[] = {&spec};
  Tensor result(DType::kI64, infer_arg_extremum(context.node(), specs).front().shape);
  const AxisView view(x.shape(), normalized_axis(context.attributes().int_or("axis", 0), x.rank()));
  const bool last = context.attributes().int_or("select_last_index", 0) != 0;
  with_element_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t line = 0; line < result.size(); ++line) {
      const T* from = elements<T>(x) + view.start(line);
      std::int64_t best = 0;
      for (std::int64_t i = 1; i < view.extent; ++i) {
        const T found = from[i * view.inner], held = from[best * view.inner];
        if (is_better(found, held) || (last && !is_better(held, found))) best = i;
      }
      result.data<std::int64_t>()[line] = best;
    }
  });
  context.output(0) = std::move(result);
}

}  // namespace kerf::ops
