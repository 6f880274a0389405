#include "ops/elementwise.h"
#include "ops/math.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& tanh_op() {
  static const OpInfo info{
      .name = "Tanh",
      .domain = "",
      .summary = "hyperbolic tangent",
      .source = "https://onnx.ai/onnx/operators/onnx__Tanh.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return tanh_f32(x); }); },
      .differentiate =
          [](DerivativeContext& context) { differentiate_map(context, [](float, float y) { return 1.0F - y * y; }); }};
  return info;
}

}  // namespace kerf::ops
