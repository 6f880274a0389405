#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& floor_op() {
  static const OpInfo info{
      .name = "Floor",
      .domain = "",
      .summary = "the largest integer that is not above x",
      .source = "https://onnx.ai/onnx/operators/onnx__Floor.html",
      .rowwise = true,
      .infer = infer_map,
      .run = [](KernelContext& context) { run_map(context, [](float x) { return std::floor(x); }); }};
  return info;
}

}  // namespace kerf::ops
