#include "ops/elementwise.h"
#include "ops/math.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& erf_op() {
  static const OpInfo info{.name = "Erf",
                           .domain = "",
                           .summary = "the error function",
                           .source = "https://onnx.ai/onnx/operators/onnx__Erf.html",
                           .rowwise = true,
                           .infer = infer_map,
                           .run = [](KernelContext& context) { run_map(context, [](float x) { return erf_f32(x); }); },
                           .differentiate =
                               [](DerivativeContext& context) {
                                 differentiate_map(context,
                                                   [](float x, float) { return 1.12837917F * exp_f32(-x * x); });
                               }};
  return info;
}

}  // namespace kerf::ops
