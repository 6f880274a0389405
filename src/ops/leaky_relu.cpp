#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& leaky_relu_op() {
  static const OpInfo info{.name = "LeakyRelu",
                           .domain = "",
                           .summary = "x, below 0 alpha x",
                           .source = "https://onnx.ai/onnx/operators/onnx__LeakyRelu.html",
                           .rowwise = true,
                           .infer = infer_map,
                           .run = [](KernelContext& context) {
                             const auto alpha = static_cast<float>(context.attributes().float_or("alpha", 0.01));
                             run_map(context, [=](float x) { return x < 0.0F ? alpha * x : x; });
                           }};
  return info;
}

}  // namespace kerf::ops
