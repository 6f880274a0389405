#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& thresholded_relu_op() {
  static const OpInfo info{.name = "ThresholdedRelu",
                           .domain = "",
                           .summary = "x above alpha, else 0",
                           .source = "https://onnx.ai/onnx/operators/onnx__ThresholdedRelu.html",
                           .rowwise = true,
                           .infer = infer_map,
                           .run = [](KernelContext& context) {
                             const auto alpha = static_cast<float>(context.attributes().float_or("alpha", 1.0));
                             run_map(context, [=](float x) { return x > alpha ? x : 0.0F; });
                           }};
  return info;
}

}  // namespace kerf::ops
