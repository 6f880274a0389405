#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& reciprocal_op() {
  static const OpInfo info{
      .name = "Reciprocal",
      .domain = "",
      .summary = "1 / x",
      .source = "https://onnx.ai/onnx/operators/onnx__Reciprocal.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return 1.0F / x; }); },
      .differentiate =
          [](DerivativeContext& context) { differentiate_map(context, [](float, float y) { return -y * y; }); }};
  return info;
}

}  // namespace kerf::ops
