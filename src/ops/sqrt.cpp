#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& sqrt_op() {
  static const OpInfo info{
      .name = "Sqrt",
      .domain = "",
      .summary = "square root",
      .source = "https://onnx.ai/onnx/operators/onnx__Sqrt.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return std::sqrt(x); }); },
      .differentiate =
          [](DerivativeContext& context) { differentiate_map(context, [](float, float y) { return 0.5F / y; }); }};
  return info;
}

}  // namespace kerf::ops
