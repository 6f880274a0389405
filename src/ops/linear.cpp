#include <span>
#include <utility>

#include <fmt/format.h>

#include "ops/broadcast.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 3);
  expect_one_output(node);
  const TensorSpec& x = expect_input(inputs, 0, "x", {DType::kF32});
  const TensorSpec& weight = expect_input(inputs, 1, "weight", {DType::kF32});
  expect_rank(weight, "weight", 2);
  const std::int64_t out = weight.shape[0], in = weight.shape[1];
  if (x.shape.empty() || x.shape.back() != in) {
    mismatch(fmt::format("input x: found shape {}, expected a last axis of {} as in the weight {}", to_string(x.shape),
                         in, to_string(weight.shape)));
  }
  if (has_input(inputs, 2)) expect_shape(expect_input(inputs, 2, "bias", {DType::kF32}), "bias", {out});
  Shape shape = x.shape;
  shape.back() = out;
  return {{DType::kF32, shape}};
}

std::shared_ptr<const linalg::PackedMatrix> pack(const Tensor& weight) {
  return linalg::PackedMatrix::pack(weight.data<float>(), weight.dim(0), weight.dim(1));
}

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const auto packed = context.has_packed(1) ? nullptr : pack(context.input(1));
  const linalg::PackedMatrix& weight = packed ? *packed : context.packed(1);
  const float* bias = context.has_input(2) ? context.input(2).data<float>() : nullptr;
  Shape shape = x.shape();
  shape.back() = weight.out_features();
  Tensor y(DType::kF32, shape);
  const std::int64_t rows = numel(std::span(shape).first(shape.size() - 1));
  weight.multiply(x.data<float>(), rows, bias, y.data<float>());
  context.output(0) = std::move(y);
}

/// dL/dx = dL/dy W, dL/dW = dL/dy^T x, dL/db = sum dL/dy over the tokens.
void differentiate(DerivativeContext& context) {
  const Tensor &x = context.input(0), &by_output = context.by_output(0);
  const std::int64_t in = x.shape().back(), out = by_output.shape().back();
  const std::int64_t rows = numel(std::span(x.shape()).first(x.rank() - 1));
  if (context.wants(0)) {
    Tensor by_input(DType::kF32, x.shape());
    if (const auto& transposed = context.operand(1).transposed) {
      transposed->multiply(by_output.data<float>(), rows, nullptr, by_input.data<float>());
    } else {
      linalg::gemm(false, false, rows, in, out, 1.0F, by_output.data<float>(), out, context.input(1).data<float>(), in,
                   0.0F, by_input.data<float>(), in);
    }
    context.give(0, std::move(by_input));
  }
  if (context.wants(1)) {
    Tensor by_weight(DType::kF32, {out, in});
    linalg::gemm(true, false, out, in, rows, 1.0F, by_output.data<float>(), out, x.data<float>(), in, 0.0F,
                 by_weight.data<float>(), in);
    context.give(1, std::move(by_weight));
  }
  if (context.wants(2)) context.give(2, sum_to_shape(by_output, {out}));
}

}  // namespace

const OpInfo& linear_op() {
  static const OpInfo info{.name = "Linear",
                           .domain = graph::kKerfDomain,
                           .summary = "y = x W^T + b, W [out, in] as checkpoints store it",
                           .source = "https://pytorch.org/docs/stable/generated/torch.nn.Linear.html",
                           .packed_input = 1,
                           .rowwise = true,
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
