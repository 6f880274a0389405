#include <algorithm>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& hard_sigmoid_op() {
  static const OpInfo info{.name = "HardSigmoid",
                           .domain = "",
                           .summary = "min(1, max(0, alpha x + beta))",
                           .source = "https://onnx.ai/onnx/operators/onnx__HardSigmoid.html",
                           .rowwise = true,
                           .infer = infer_map,
                           .run = [](KernelContext& context) {
                             const auto alpha = static_cast<float>(context.attributes().float_or("alpha", 0.2));
                             const auto beta = static_cast<float>(context.attributes().float_or("beta", 0.5));
                             run_map(context,
                                     [=](float x) { return std::min(1.0F, std::max(0.0F, alpha * x + beta)); });
                           }};
  return info;
}

}  // namespace kerf::ops
