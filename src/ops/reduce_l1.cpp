#include "ops/ops.h"
#include "ops/reduction.h"

namespace kerf::ops {

const OpInfo& reduce_l1_op() {
  static const OpInfo info{.name = "ReduceL1",
                           .domain = "",
                           .summary = "sums of magnitudes along axes",
                           .source = "https://onnx.ai/onnx/operators/onnx__ReduceL1.html",
                           .infer = infer_sum,
                           .run = [](KernelContext& context) {
                             run_reduction(context, [](const auto* row, std::int64_t count) {
                               return row_sum(row, count,
                                              [](auto x) { return x < 0 ? subtract<decltype(x)>(0, x) : x; });
                             });
                           }};
  return info;
}

}  // namespace kerf::ops
