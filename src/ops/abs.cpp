#include "ops/arithmetic.h"
#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& abs_op() {
  static const OpInfo info{
      .name = "Abs",
      .domain = "",
      .summary = "|x|",
      .source = "https://onnx.ai/onnx/operators/onnx__Abs.html",
      .rowwise = true,
      .infer = infer_typed_map,
      .run =
          [](KernelContext& context) {
            run_typed_map(context,
                          [](auto x) { return x < 0 ? subtract<decltype(x)>(0, x) : (x == 0 ? decltype(x){0} : x); });
          },
      .differentiate =
          [](DerivativeContext& context) {
            differentiate_map(context, [](float x, float) { return x < 0 ? -1.0F : x > 0 ? 1.0F : 0.0F; });
          }};
  return info;
}

}  // namespace kerf::ops
