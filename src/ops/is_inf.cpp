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

const OpInfo& is_inf_op() {
  static const OpInfo info{.name = "IsInf",
                           .domain = "",
                           .summary = "is x infinite?",
                           .source = "https://onnx.ai/onnx/operators/onnx__IsInf.html",
                           .rowwise = true,
                           .infer = infer,
                           .run = [](KernelContext& context) {
                             const bool negative = context.attributes().int_or("detect_negative", 1) != 0;
                             const bool positive = context.attributes().int_or("detect_positive", 1) != 0;
                             run_test(context, [=](float x) { return std::isinf(x) && (x < 0 ? negative : positive); });
                           }};
  return info;
}

}  // namespace kerf::ops
