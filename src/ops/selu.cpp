#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& selu_op() {
  static const OpInfo info{
      .name = "Selu",
      .domain = "",
      .summary = "gamma x, below 0 gamma alpha (e^x - 1)",
      .source = "https://onnx.ai/onnx/operators/onnx__Selu.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) {
        const auto& attributes = context.attributes();
        const auto alpha = static_cast<float>(attributes.float_or("alpha", 1.67326319217681884765625));
        const auto gamma = static_cast<float>(attributes.float_or("gamma", 1.05070102214813232421875));
        run_map(context, [=](float x) { return gamma * (x > 0.0F ? x : alpha * std::expm1(x)); });
      }};
  return info;
}

}  // namespace kerf::ops
