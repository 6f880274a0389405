#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& equal_op() {
  static const OpInfo info{
      .name = "Equal",
      .domain = "",
      .summary = "are A and B equal? With numpy's broadcasting",
      .source = "https://onnx.ai/onnx/operators/onnx__Equal.html",
      .rowwise = true,
      .infer = infer_equality,
      .run = [](KernelContext& context) { run_comparison(context, [](auto a, auto b) { return a == b; }); }};
  return info;
}

}  // namespace kerf::ops
