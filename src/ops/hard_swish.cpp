#include <algorithm>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& hard_swish_op() {
  static const OpInfo info{.name = "HardSwish",
                           .domain = "",
                           .summary = "x min(1, max(0, x / 6 + 1/2))",
                           .source = "https://onnx.ai/onnx/operators/onnx__HardSwish.html",
                           .rowwise = true,
                           .infer = infer_map,
                           .run = [](KernelContext& context) {
                             run_map(context,
                                     [](float x) { return x * std::min(1.0F, std::max(0.0F, x / 6.0F + 0.5F)); });
                           }};
  return info;
}

}  // namespace kerf::ops
