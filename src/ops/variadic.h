#pragma once

#include <vector>

#include "ops/broadcast.h"

namespace kerf::ops {

/// One or more inputs of one dtype that broadcast.
std::vector<TensorSpec> infer_variadic(const graph::Node& node, Specs inputs);

/// All inputs joined by function(a, b), the first two first, at the shape of all.
template <typename Function>
Tensor join_inputs(const KernelContext& context, const Function& function) {
  Tensor result = context.input(0);
  for (std::size_t i = 1; i < context.input_count(); ++i) {
    result = with_number_type(
        result.dtype(), [&](auto zero) { return apply_broadcast<decltype(zero)>(result, context.input(i), function); });
  }
  return result;
}

}  // namespace kerf::ops
