#include <fmt/format.h>

#include "ops/arithmetic.h"
#include "ops/axis_view.h"
#include "ops/elements.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  const TensorSpec& x = expect_input(inputs, 0, "x", kNumberDTypes);
  const auto axis = known_integers(inputs, 1, "axis").value();
  if (axis.size() != 1) mismatch(fmt::format("input axis: found {} numbers, expected 1", axis.size()));
  normalized_axis(axis.front(), x.shape.size());
  return {{x.dtype, x.shape}};
}

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const AxisView view(x.shape(), normalized_axis(integers_of(context.input(1)).front(), x.rank()));
  const bool exclusive = context.attributes().int_or("exclusive", 0) != 0;
  const bool reverse = context.attributes().int_or("reverse", 0) != 0;
  Tensor y(x.dtype(), x.shape());
  with_number_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t line = 0; x.size() > 0 && line < view.lines(); ++line) {
      T sum = 0;
      for (std::int64_t i = 0; i < view.extent; ++i) {
        const std::int64_t at = view.start(line) + (reverse ? view.extent - 1 - i : i) * view.inner;
        const T next = add(sum, x.data<T>()[at]);
        y.data<T>()[at] = exclusive ? sum : next;
        sum = next;
      }
    }
  });
  context.output(0) = std::move(y);
}

}  // namespace

const OpInfo& cumsum_op() {
  static const OpInfo info{.name = "CumSum",
                           .domain = "",
                           .summary = "sums of all elements up to each along an axis",
                           .source = "https://onnx.ai/onnx/operators/onnx__CumSum.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
