#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& ceil_op() {
  static const OpInfo info{
      .name = "Ceil",
      .domain = "",
      .summary = "the smallest integer that is not below x",
      .source = "https://onnx.ai/onnx/operators/onnx__Ceil.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return std::ceil(x); }); }};
  return info;
}

}  // namespace kerf::ops
