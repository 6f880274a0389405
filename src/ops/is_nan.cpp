#include <cmath>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  return {{DType::kBool, expect_input(inputs, 0, "X", {DType::kF32}).shape}};
}

}  // namespace

const OpInfo& is_nan_op() {
  static const OpInfo info{
      .name = "IsNaN",
      .domain = "",
      .summary = "is x not a number?",
      .source = "https://onnx.ai/onnx/operators/onnx__IsNaN.html",
      .rowwise = true,
      .infer = infer,
      .run = [](KernelContext& context) { run_test(context, [](float x) { return std::isnan(x); }); }};
  return info;
}

}  // namespace kerf::ops
