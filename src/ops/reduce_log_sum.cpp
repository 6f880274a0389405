#include <cmath>

#include "ops/ops.h"
#include "ops/reduction.h"

namespace kerf::ops {

const OpInfo& reduce_log_sum_op() {
  static const OpInfo info{.name = "ReduceLogSum",
                           .domain = "",
                           .summary = "logarithms of sums along axes",
                           .source = "https://onnx.ai/onnx/operators/onnx__ReduceLogSum.html",
                           .infer = infer_sum,
                           .run = [](KernelContext& context) {
                             run_reduction(context, [](const auto* row, std::int64_t count) {
                               return std::log(static_cast<double>(row_sum(row, count, [](auto x) { return x; })));
                             });
                           }};
  return info;
}

}  // namespace kerf::ops
