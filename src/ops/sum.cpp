#include "ops/arithmetic.h"
#include "ops/ops.h"
#include "ops/variadic.h"

namespace kerf::ops {

const OpInfo& sum_op() {
  static const OpInfo info{.name = "Sum",
                           .domain = "",
                           .summary = "the sum of the inputs, with numpy's broadcasting",
                           .source = "https://onnx.ai/onnx/operators/onnx__Sum.html",
                           .rowwise = true,
                           .infer = infer_variadic,
                           .run = [](KernelContext& context) {
                             context.output(0) = join_inputs(context, [](auto a, auto b) { return add(a, b); });
                           }};
  return info;
}

}  // namespace kerf::ops
