#include "ops/arg_extremum.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& arg_max_op() {
  static const OpInfo info{
      .name = "ArgMax",
      .domain = "",
      .summary = "place of the largest element along an axis",
      .source = "https://onnx.ai/onnx/operators/onnx__ArgMax.html",
      .infer = infer_arg_extremum,
      .run = [](KernelContext& context) { run_arg_extremum(context, [](auto a, auto b) { return a > b; }); }};
  return info;
}

}  // namespace kerf::ops
