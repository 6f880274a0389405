#include "ops/arithmetic.h"
#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& div_op() {
  static const OpInfo info{
      .name = "Div",
      .domain = "",
      .summary = "quotient, with numpy's broadcasting",
      .source = "https://onnx.ai/onnx/operators/onnx__Div.html",
      .rowwise = true,
      .infer = infer_binary,
      .run = [](KernelContext& context) { run_binary(context, [](auto a, auto b) { return divide(a, b); }); },
      .differentiate =
          [](DerivativeContext& context) {
            differentiate_binary(
                context, [](float, float b) { return 1.0F / b; }, [](float a, float b) { return -a / (b * b); });
          }};
  return info;
}

}  // namespace kerf::ops
