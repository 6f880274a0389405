#include "ops/ops.h"
#include "ops/reduction.h"

namespace kerf::ops {

const OpInfo& reduce_mean_op() {
  static const OpInfo info{.name = "ReduceMean",
                           .domain = "",
                           .summary = "means along axes",
                           .source = "https://onnx.ai/onnx/operators/onnx__ReduceMean.html",
                           .infer = infer_extremum,
                           .run =
                               [](KernelContext& context) {
                                 run_reduction(context, [](const auto* row, std::int64_t count) {
                                   const auto sum = row_sum(row, count, [](auto x) { return x; });
                                   return divide(sum, static_cast<decltype(sum)>(count));
                                 });
                               },
                           .differentiate = [](DerivativeContext& context) { differentiate_sum(context, true); }};
  return info;
}

}  // namespace kerf::ops
