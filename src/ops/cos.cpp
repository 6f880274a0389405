#include "ops/elementwise.h"
#include "ops/math.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& cos_op() {
  static const OpInfo info{
      .name = "Cos",
      .domain = "",
      .summary = "cosine",
      .source = "https://onnx.ai/onnx/operators/onnx__Cos.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return cos_f32(x); }); },
      .differentiate =
          [](DerivativeContext& context) { differentiate_map(context, [](float x, float) { return -sin_f32(x); }); }};
  return info;
}

}  // namespace kerf::ops
