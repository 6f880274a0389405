#include <algorithm>
#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& mish_op() {
  static const OpInfo info{
      .name = "Mish",
      .domain = "",
      .summary = "x tanh(softplus x)",
      .source = "https://onnx.ai/onnx/operators/onnx__Mish.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) {
        run_map(context, [](float x) {
          return static_cast<float>(static_cast<double>(x) *
                                    std::tanh(std::max(0.0, static_cast<double>(x)) +
                                              std::log1p(std::exp(-std::fabs(static_cast<double>(x))))));
        });
      }};
  return info;
}

}  // namespace kerf::ops
