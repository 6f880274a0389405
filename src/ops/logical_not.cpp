#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  return {{DType::kBool, expect_input(inputs, 0, "X", {DType::kBool}).shape}};
}

}  // namespace

const OpInfo& logical_not_op() {
  static const OpInfo info{
      .name = "Not",
      .domain = "",
      .summary = "does it not hold?",
      .source = "https://onnx.ai/onnx/operators/onnx__Not.html",
      .rowwise = true,
      .infer = infer,
      .run = [](KernelContext& context) { run_typed_map(context, [](auto x) { return x == 0; }); }};
  return info;
}

}  // namespace kerf::ops
