#include "ops/arithmetic.h"
#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  const auto result = infer_binary(node, inputs);
  expect_shape({result.front().dtype, inputs[0]->shape}, "X", result.front().shape);
  return result;
}

}  // namespace

const OpInfo& prelu_op() {
  static const OpInfo info{.name = "PRelu",
                           .domain = "",
                           .summary = "x, below 0 slope x",
                           .source = "https://onnx.ai/onnx/operators/onnx__PRelu.html",
                           .rowwise = true,
                           .infer = infer,
                           .run = [](KernelContext& context) {
                             run_binary(context, [](auto x, auto slope) { return x < 0 ? multiply(slope, x) : x; });
                           }};
  return info;
}

}  // namespace kerf::ops
