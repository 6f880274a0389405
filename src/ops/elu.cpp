#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& elu_op() {
  static const OpInfo info{.name = "Elu",
                           .domain = "",
                           .summary = "x, below 0 alpha (e^x - 1)",
                           .source = "https://onnx.ai/onnx/operators/onnx__Elu.html",
                           .rowwise = true,
                           .infer = infer_map,
                           .run = [](KernelContext& context) {
                             const auto alpha = static_cast<float>(context.attributes().float_or("alpha", 1.0));
                             run_map(context, [=](float x) { return x < 0.0F ? alpha * std::expm1(x) : x; });
                           }};
  return info;
}

}  // namespace kerf::ops
