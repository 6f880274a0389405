#include "ops/ops.h"
#include "ops/reduction.h"

namespace kerf::ops {

const OpInfo& reduce_sum_op() {
  static const OpInfo info{.name = "ReduceSum",
                           .domain = "",
                           .summary = "sums along axes",
                           .source = "https://onnx.ai/onnx/operators/onnx__ReduceSum.html",
                           .infer = infer_sum,
                           .run =
                               [](KernelContext& context) {
                                 run_reduction(context, [](const auto* row, std::int64_t count) {
                                   return row_sum(row, count, [](auto x) { return x; });
                                 });
                               },
                           .differentiate = [](DerivativeContext& context) { differentiate_sum(context, false); }};
  return info;
}

}  // namespace kerf::ops
