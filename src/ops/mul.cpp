#include "ops/arithmetic.h"
#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& mul_op() {
  static const OpInfo info{
      .name = "Mul",
      .domain = "",
      .summary = "product, with numpy's broadcasting",
      .source = "https://onnx.ai/onnx/operators/onnx__Mul.html",
      .rowwise = true,
      .infer = infer_binary,
      .run = [](KernelContext& context) { run_binary(context, [](auto a, auto b) { return multiply(a, b); }); },
      .differentiate =
          [](DerivativeContext& context) {
            differentiate_binary(
                context, [](float, float b) { return b; }, [](float a, float) { return a; });
          }};
  return info;
}

}  // namespace kerf::ops
