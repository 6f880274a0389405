#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& logical_and_op() {
  static const OpInfo info{
      .name = "And",
      .domain = "",
      .summary = "do both hold? With numpy's broadcasting",
      .source = "https://onnx.ai/onnx/operators/onnx__And.html",
      .rowwise = true,
      .infer = infer_logic,
      .run = [](KernelContext& context) { run_comparison(context, [](auto a, auto b) { return a != 0 && b != 0; }); }};
  return info;
}

}  // namespace kerf::ops
