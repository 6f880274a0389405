#include "ops/arithmetic.h"
#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& sub_op() {
  static const OpInfo info{
      .name = "Sub",
      .domain = "",
      .summary = "difference, with numpy's broadcasting",
      .source = "https://onnx.ai/onnx/operators/onnx__Sub.html",
      .rowwise = true,
      .infer = infer_binary,
      .run = [](KernelContext& context) { run_binary(context, [](auto a, auto b) { return subtract(a, b); }); },
      .differentiate =
          [](DerivativeContext& context) {
            differentiate_binary(
                context, [](float, float) { return 1.0F; }, [](float, float) { return -1.0F; });
          }};
  return info;
}

}  // namespace kerf::ops
