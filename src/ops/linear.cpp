#include <fmt/format.h>

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

}  // namespace

const OpInfo& linear_op() {
  static const OpInfo info{.name = "Linear",
                           .domain = graph::kKerfDomain,
                           .summary = "y = x W^T + b, W [out, in] as checkpoints store it",
                           .source = "https://pytorch.org/docs/stable/generated/torch.nn.Linear.html",
                           .packed_input = 1,
                           .rowwise = true,
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
