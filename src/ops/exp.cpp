#include "ops/elementwise.h"
#include "ops/math.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& exp_op() {
  static const OpInfo info{
      .name = "Exp",
      .domain = "",
      .summary = "e^x",
      .source = "https://onnx.ai/onnx/operators/onnx__Exp.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return exp_f32(x); }); },
      .differentiate =
          [](DerivativeContext& context) { differentiate_map(context, [](float, float y) { return y; }); }};
  return info;
}

}  // namespace kerf::ops
