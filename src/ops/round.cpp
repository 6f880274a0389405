#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& round_op() {
  static const OpInfo info{
      .name = "Round",
      .domain = "",
      .summary = "the nearest integer, halves to the even one",
      .source = "https://onnx.ai/onnx/operators/onnx__Round.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return std::nearbyint(x); }); }};
  return info;
}

}  // namespace kerf::ops
