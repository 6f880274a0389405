#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& log_op() {
  static const OpInfo info{.name = "Log",
                           .domain = "",
                           .summary = "natural logarithm",
                           .source = "https://onnx.ai/onnx/operators/onnx__Log.html",
                           .rowwise = true,
                           .infer = infer_map,
                           .run = [](KernelContext& context) {
                             run_map(context,
                                     [](float x) { return static_cast<float>(std::log(static_cast<double>(x))); });
                           }};
  return info;
}

}  // namespace kerf::ops
