#include <fmt/format.h>

#include "ops/elements.h"
#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 1, 3);
  const TensorSpec& x = expect_input(inputs, 0, "input", kNumberDTypes);
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    if (!has_input(inputs, i)) continue;
    const TensorSpec& limit = expect_input(inputs, i, i == 1 ? "min" : "max", {x.dtype});
    if (numel(limit.shape) != 1) mismatch(fmt::format("found a limit {}, expected a scalar", describe(limit)));
  }
  return {{x.dtype, x.shape}};
}

/// Where the limits cross, the upper one counts.
void run(KernelContext& context) {
  with_element_type(context.input(0).dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* low = context.has_input(1) ? elements<T>(context.input(1)) : nullptr;
    const T* high = context.has_input(2) ? elements<T>(context.input(2)) : nullptr;
    run_typed_map(context, [&](auto x) {
      T value = static_cast<T>(x);
      if (low != nullptr && value < *low) value = *low;
      if (high != nullptr && value > *high) value = *high;
      return value;
    });
  });
}

}  // namespace

const OpInfo& clip_op() {
  static const OpInfo info{.name = "Clip",
                           .domain = "",
                           .summary = "min(max(x, lower), upper)",
                           .source = "https://onnx.ai/onnx/operators/onnx__Clip.html",
                           .rowwise = true,
                           .infer = infer,
                           .run = run,
                           .differentiate = [](DerivativeContext& context) {
                             // What was cut does not move the result.
                             differentiate_map(context, [](float x, float y) { return x == y ? 1.0F : 0.0F; });
                           }};
  return info;
}

}  // namespace kerf::ops
