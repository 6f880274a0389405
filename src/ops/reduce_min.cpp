#include <algorithm>

#include "ops/ops.h"
#include "ops/reduction.h"

namespace kerf::ops {

const OpInfo& reduce_min_op() {
  static const OpInfo info{
      .name = "ReduceMin",
      .domain = "",
      .summary = "smallest elements along axes",
      .source = "https://onnx.ai/onnx/operators/onnx__ReduceMin.html",
      .infer = infer_extremum,
      .run = [](KernelContext& context) {
        run_reduction(context, [](const auto* row, std::int64_t count) { return *std::min_element(row, row + count); });
      }};
  return info;
}

}  // namespace kerf::ops
