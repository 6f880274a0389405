#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

Tensor count_of(const Shape& shape) {
  const std::int64_t count = numel(shape);
  return Tensor::from<std::int64_t>({}, std::span(&count, 1));
}

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  return {{DType::kI64, {}, count_of(inputs[0]->shape)}};
}

void run(KernelContext& context) { context.output(0) = count_of(context.input(0).shape()); }

}  // namespace

const OpInfo& size_op() {
  static const OpInfo info{.name = "Size",
                           .domain = "",
                           .summary = "number of elements",
                           .source = "https://onnx.ai/onnx/operators/onnx__Size.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
