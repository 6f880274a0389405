#include <algorithm>
#include <cmath>

#include "ops/ops.h"
#include "ops/reduction.h"

namespace kerf::ops {

const OpInfo& reduce_log_sum_exp_op() {
  static const OpInfo info{.name = "ReduceLogSumExp",
                           .domain = "",
                           .summary = "logarithms of sums of exponentials along axes",
                           .source = "https://onnx.ai/onnx/operators/onnx__ReduceLogSumExp.html",
                           .infer = infer_extremum,
                           .run = [](KernelContext& context) {
                             run_reduction(context, [](const auto* row, std::int64_t count) {
                               const auto peak = static_cast<double>(*std::max_element(row, row + count));
                               double sum = 0;
                               for (std::int64_t i = 0; i < count; ++i)
                                 sum += std::exp(static_cast<double>(row[i]) - peak);
                               return std::isinf(peak) ? peak : peak + std::log(sum);
                             });
                           }};
  return info;
}

}  // namespace kerf::ops
