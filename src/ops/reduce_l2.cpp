#include <cmath>

#include "ops/ops.h"
#include "ops/reduction.h"

namespace kerf::ops {

const OpInfo& reduce_l2_op() {
  static const OpInfo info{
      .name = "ReduceL2",
      .domain = "",
      .summary = "square roots of sums of squares along axes",
      .source = "https://onnx.ai/onnx/operators/onnx__ReduceL2.html",
      .infer = infer_sum,
      .run = [](KernelContext& context) {
        run_reduction(context, [](const auto* row, std::int64_t count) {
          return std::sqrt(static_cast<double>(row_sum(row, count, [](auto x) { return multiply(x, x); })));
        });
      }};
  return info;
}

}  // namespace kerf::ops
