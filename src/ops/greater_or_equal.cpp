#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& greater_or_equal_op() {
  static const OpInfo info{
      .name = "GreaterOrEqual",
      .domain = "",
      .summary = "is A at least B? With numpy's broadcasting",
      .source = "https://onnx.ai/onnx/operators/onnx__GreaterOrEqual.html",
      .rowwise = true,
      .infer = infer_comparison,
      .run = [](KernelContext& context) { run_comparison(context, [](auto a, auto b) { return a >= b; }); }};
  return info;
}

}  // namespace kerf::ops
