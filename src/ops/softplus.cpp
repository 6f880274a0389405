#include <algorithm>
#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& softplus_op() {
  static const OpInfo info{.name = "Softplus",
                           .domain = "",
                           .summary = "ln(1 + e^x)",
                           .source = "https://onnx.ai/onnx/operators/onnx__Softplus.html",
                           .rowwise = true,
                           .infer = infer_map,
                           .run = [](KernelContext& context) {
                             run_map(context, [](float x) {
                               return static_cast<float>(std::max(0.0, static_cast<double>(x)) +
                                                         std::log1p(std::exp(-std::fabs(static_cast<double>(x)))));
                             });
                           }};
  return info;
}

}  // namespace kerf::ops
