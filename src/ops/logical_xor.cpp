#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& logical_xor_op() {
  static const OpInfo info{.name = "Xor",
                           .domain = "",
                           .summary = "does exactly one of them hold? With numpy's broadcasting",
                           .source = "https://onnx.ai/onnx/operators/onnx__Xor.html",
                           .rowwise = true,
                           .infer = infer_logic,
                           .run = [](KernelContext& context) {
                             run_comparison(context, [](auto a, auto b) { return (a != 0) != (b != 0); });
                           }};
  return info;
}

}  // namespace kerf::ops
