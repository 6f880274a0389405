#include "ops/elementwise.h"
#include "ops/math.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& sigmoid_op() {
  static const OpInfo info{
      .name = "Sigmoid",
      .domain = "",
      .summary = "1 / (1 + e^-x)",
      .source = "https://onnx.ai/onnx/operators/onnx__Sigmoid.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return sigmoid_f32(x); }); },
      .differentiate =
          [](DerivativeContext& context) {
            differentiate_map(context, [](float, float y) { return y * (1.0F - y); });
          }};
  return info;
}

}  // namespace kerf::ops
