#include <utility>

#include <fmt/format.h>

#include "ops/expert_routing.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  if (inputs.size() < 2) mismatch("found no results of experts, expected one for each expert");
  expect_input_count(inputs, inputs.size(), inputs.size());
  expect_one_output(node);
  const TensorSpec& routing = expect_input(inputs, 0, "routing", {DType::kF32});
  const auto experts = static_cast<std::int64_t>(inputs.size()) - 1;
  if (routing.shape.empty() || routing.shape.back() != experts) {
    mismatch(fmt::format("input routing: found shape {}, expected weights of {} experts", to_string(routing.shape),
                         experts));
  }
  const TensorSpec& first = expect_input(inputs, 1, "expert", {DType::kF32});
  expect_rank(first, "expert", 2);
  for (std::size_t i = 2; i < inputs.size(); ++i) {
    expect_shape(expect_input(inputs, i, "expert", {DType::kF32}), "expert", first.shape);
  }
  Shape shape = routing.shape;
  shape.back() = first.shape[1];
  return {{DType::kF32, shape}};
}

void run(KernelContext& context) {
  const Tensor& routing = context.input(0);
  const std::int64_t experts = routing.shape().back(), width = context.input(1).dim(1);
  Shape shape = routing.shape();
  shape.back() = width;
  Tensor sum = Tensor::zeros(DType::kF32, shape);
  for (std::int64_t e = 0; e < experts; ++e) {
    const float* row = context.input(static_cast<std::size_t>(e) + 1).data<float>();
    for (const std::int64_t token : tokens_of_expert(routing, e)) {
      const float weight = routing.data<float>()[token * experts + e];
      float* to = sum.data<float>() + token * width;
      for (std::int64_t i = 0; i < width; ++i) to[i] += weight * row[i];
      row += width;
    }
  }
  context.output(0) = std::move(sum);
}

void differentiate(DerivativeContext& context) {
  const Tensor &routing = context.input(0), &by_output = context.by_output(0);
  const std::int64_t experts = routing.shape().back(), width = by_output.shape().back();
  Tensor by_routing = Tensor::zeros(DType::kF32, routing.shape());
  for (std::int64_t e = 0; e < experts; ++e) {
    const std::size_t input = static_cast<std::size_t>(e) + 1;
    Tensor by_rows = Tensor::zeros(DType::kF32, context.input(input).shape());
    const float* row = context.input(input).data<float>();
    float* by_row = by_rows.data<float>();
    for (const std::int64_t token : tokens_of_expert(routing, e)) {
      const float weight = routing.data<float>()[token * experts + e];
      const float* const by = by_output.data<float>() + token * width;
      float product = 0;
      for (std::int64_t i = 0; i < width; ++i) {
        by_row[i] = weight * by[i];
        product += row[i] * by[i];
      }
      by_routing.data<float>()[token * experts + e] = product;
      row += width;
      by_row += width;
    }
    if (context.wants(input)) context.give(input, std::move(by_rows));
  }
  if (context.wants(0)) context.give(0, std::move(by_routing));
}

}  // namespace

/// routing [..., experts] and for each expert its results [its tokens, width], in the order of TakeRows ->
/// [..., width]: for each token the weighted sum, experts ascending.
const OpInfo& combine_rows_op() {
  static const OpInfo info{.name = "CombineRows",
                           .domain = graph::kKerfDomain,
                           .summary = "weighted sum of the results of each token's experts",
                           .source = "https://arxiv.org/abs/1701.06538",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
