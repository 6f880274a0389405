#include <algorithm>
#include <vector>

#include "ops/ops.h"
#include "ops/reduction.h"

namespace kerf::ops {
namespace {

/// Goes to the largest element, to the first of several.
void differentiate(DerivativeContext& context) {
  if (!context.wants(0)) return;
  const Tensor &x = context.input(0), &by_output = context.by_output(0);
  // Result r is the largest of the elements whose kept coordinates are those of r.
  std::vector<std::int64_t> best(static_cast<std::size_t>(by_output.size()), -1);
  for_each_reduced(x.shape(), reduced_axes_of(context), [&](std::int64_t at, std::int64_t result) {
    std::int64_t& held = best[static_cast<std::size_t>(result)];
    if (held < 0 || x.data<float>()[at] > x.data<float>()[held]) held = at;
  });
  Tensor by_input = Tensor::zeros(DType::kF32, x.shape());
  for (std::size_t r = 0; r < best.size(); ++r) by_input.data<float>()[best[r]] = by_output.data<float>()[r];
  context.give(0, std::move(by_input));
}

}  // namespace

const OpInfo& reduce_max_op() {
  static const OpInfo info{.name = "ReduceMax",
                           .domain = "",
                           .summary = "largest elements along axes",
                           .source = "https://onnx.ai/onnx/operators/onnx__ReduceMax.html",
                           .infer = infer_extremum,
                           .run =
                               [](KernelContext& context) {
                                 run_reduction(context, [](const auto* row, std::int64_t count) {
                                   return *std::max_element(row, row + count);
                                 });
                               },
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
