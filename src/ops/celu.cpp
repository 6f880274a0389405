#include <algorithm>
#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& celu_op() {
  static const OpInfo info{
      .name = "Celu",
      .domain = "",
      .summary = "x, below 0 alpha (e^(x / alpha) - 1)",
      .source = "https://onnx.ai/onnx/operators/onnx__Celu.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) {
        const auto alpha = static_cast<float>(context.attributes().float_or("alpha", 1.0));
        run_map(context, [=](float x) { return std::max(0.0F, x) + std::min(0.0F, alpha * std::expm1(x / alpha)); });
      }};
  return info;
}

}  // namespace kerf::ops
