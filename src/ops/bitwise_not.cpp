#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "X", {DType::kI64, DType::kI32, DType::kI8, DType::kU8});
  return {{x.dtype, x.shape}};
}

}  // namespace

const OpInfo& bitwise_not_op() {
  static const OpInfo info{.name = "BitwiseNot",
                           .domain = "",
                           .summary = "every bit the other way",
                           .source = "https://onnx.ai/onnx/operators/onnx__BitwiseNot.html",
                           .rowwise = true,
                           .infer = infer,
                           .run = [](KernelContext& context) {
                             const Tensor& x = context.input(0);
                             Tensor y(x.dtype(), x.shape());
                             for (std::size_t i = 0; i < x.bytes(); ++i) y.raw()[i] = ~x.raw()[i];
                             context.output(0) = std::move(y);
                           }};
  return info;
}

}  // namespace kerf::ops
