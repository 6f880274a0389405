#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& less_op() {
  static const OpInfo info{
      .name = "Less",
      .domain = "",
      .summary = "is A smaller than B? With numpy's broadcasting",
      .source = "https://onnx.ai/onnx/operators/onnx__Less.html",
      .rowwise = true,
      .infer = infer_comparison,
      .run = [](KernelContext& context) { run_comparison(context, [](auto a, auto b) { return a < b; }); }};
  return info;
}

}  // namespace kerf::ops
