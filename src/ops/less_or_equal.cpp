#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& less_or_equal_op() {
  static const OpInfo info{
      .name = "LessOrEqual",
      .domain = "",
      .summary = "is A at most B? With numpy's broadcasting",
      .source = "https://onnx.ai/onnx/operators/onnx__LessOrEqual.html",
      .rowwise = true,
      .infer = infer_comparison,
      .run = [](KernelContext& context) { run_comparison(context, [](auto a, auto b) { return a <= b; }); }};
  return info;
}

}  // namespace kerf::ops
