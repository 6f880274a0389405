#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& relu_op() {
  static const OpInfo info{
      .name = "Relu",
      .domain = "",
      .summary = "max(x, 0)",
      .source = "https://onnx.ai/onnx/operators/onnx__Relu.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return x < 0.0F ? 0.0F : x; }); },
      .differentiate =
          [](DerivativeContext& context) {
            differentiate_map(context, [](float x, float) { return x < 0.0F ? 0.0F : 1.0F; });
          }};
  return info;
}

}  // namespace kerf::ops
