#include "ops/ops.h"
#include "ops/reduction.h"

namespace kerf::ops {

const OpInfo& reduce_sum_square_op() {
  static const OpInfo info{.name = "ReduceSumSquare",
                           .domain = "",
                           .summary = "sums of squares along axes",
                           .source = "https://onnx.ai/onnx/operators/onnx__ReduceSumSquare.html",
                           .infer = infer_sum,
                           .run = [](KernelContext& context) {
                             run_reduction(context, [](const auto* row, std::int64_t count) {
                               return row_sum(row, count, [](auto x) { return multiply(x, x); });
                             });
                           }};
  return info;
}

}  // namespace kerf::ops
