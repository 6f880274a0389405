#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& softsign_op() {
  static const OpInfo info{
      .name = "Softsign",
      .domain = "",
      .summary = "x / (1 + |x|)",
      .source = "https://onnx.ai/onnx/operators/onnx__Softsign.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return x / (1.0F + std::fabs(x)); }); }};
  return info;
}

}  // namespace kerf::ops
