#include "ops/ops.h"
#include "ops/variadic.h"

namespace kerf::ops {

const OpInfo& max_op() {
  static const OpInfo info{.name = "Max",
                           .domain = "",
                           .summary = "the largest of the inputs, with numpy's broadcasting",
                           .source = "https://onnx.ai/onnx/operators/onnx__Max.html",
                           .rowwise = true,
                           .infer = infer_variadic,
                           .run = [](KernelContext& context) {
                             context.output(0) =
                                 join_inputs(context, [](auto a, auto b) { return b > a || b != b ? b : a; });
                           }};
  return info;
}

}  // namespace kerf::ops
