#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& sign_op() {
  static const OpInfo info{.name = "Sign",
                           .domain = "",
                           .summary = "-1, 0 or 1",
                           .source = "https://onnx.ai/onnx/operators/onnx__Sign.html",
                           .rowwise = true,
                           .infer = infer_typed_map,
                           .run = [](KernelContext& context) {
                             run_typed_map(context, [](auto x) { return x > 0 ? 1 : (x < 0 ? -1 : 0); });
                           }};
  return info;
}

}  // namespace kerf::ops
