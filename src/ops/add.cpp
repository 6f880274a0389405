#include "ops/arithmetic.h"
#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& add_op() {
  static const OpInfo info{
      .name = "Add",
      .domain = "",
      .summary = "sum, with numpy's broadcasting",
      .source = "https://onnx.ai/onnx/operators/onnx__Add.html",
      .rowwise = true,
      .infer = infer_binary,
      .run = [](KernelContext& context) { run_binary(context, [](auto a, auto b) { return add(a, b); }); },
      .differentiate =
          [](DerivativeContext& context) {
            differentiate_binary(
                context, [](float, float) { return 1.0F; }, [](float, float) { return 1.0F; });
          }};
  return info;
}

}  // namespace kerf::ops
