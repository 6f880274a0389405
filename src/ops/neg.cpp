#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& neg_op() {
  static const OpInfo info{
      .name = "Neg",
      .domain = "",
      .summary = "-x",
      .source = "https://onnx.ai/onnx/operators/onnx__Neg.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return -x; }); },
      .differentiate =
          [](DerivativeContext& context) { differentiate_map(context, [](float, float) { return -1.0F; }); }};
  return info;
}

}  // namespace kerf::ops
