#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "ops/expert_routing.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  expect_one_output(node);
  const TensorSpec& x = expect_input(inputs, 0, "x", {DType::kF32});
  const TensorSpec& routing = expect_input(inputs, 1, "routing", {DType::kF32});
  if (x.shape.empty() || routing.shape.size() != x.shape.size() ||
      !std::equal(x.shape.begin(), x.shape.end() - 1, routing.shape.begin())) {
    mismatch(fmt::format("input routing: found shape {}, expected that of x {} but for the last axis",
                         to_string(routing.shape), to_string(x.shape)));
  }
  const std::int64_t expert = node.attributes.int_or("expert", 0);
  if (expert < 0 || expert >= routing.shape.back()) {
    mismatch(fmt::format("attribute expert: found {}, expected 0 to {}", expert, routing.shape.back() - 1));
  }
  // As many rows as there are tokens, at most: what follows treats rows alike, however many there are.
  return {{DType::kF32, {numel(std::span(x.shape).first(x.shape.size() - 1)), x.shape.back()}}};
}

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const auto tokens = tokens_of_expert(context.input(1), context.attributes().int_or("expert", 0));
  const std::int64_t width = x.shape().back();
  Tensor rows(DType::kF32, {static_cast<std::int64_t>(tokens.size()), width});
  float* to = rows.data<float>();
  for (const std::int64_t token : tokens) to = std::copy_n(x.data<float>() + token * width, width, to);
  context.output(0) = std::move(rows);
}

/// By x; which tokens are taken does not depend smoothly on the routing.
void differentiate(DerivativeContext& context) {
  const Tensor& x = context.input(0);
  if (context.wants(0)) {
    const auto tokens = tokens_of_expert(context.input(1), context.attributes().int_or("expert", 0));
    const std::int64_t width = x.shape().back();
    Tensor by_input = Tensor::zeros(DType::kF32, x.shape());
    const float* from = context.by_output(0).data<float>();
    for (const std::int64_t token : tokens) {
      std::copy_n(from, width, by_input.data<float>() + token * width);
      from += width;
    }
    context.give(0, std::move(by_input));
  }
  if (context.wants(1)) context.give(1, Tensor::zeros(DType::kF32, context.input(1).shape()));
}

}  // namespace

/// x [..., width], routing [..., experts] -> [tokens of `expert`, width], in order.
const OpInfo& take_rows_op() {
  static const OpInfo info{.name = "TakeRows",
                           .domain = graph::kKerfDomain,
                           .summary = "the tokens that are sent to one expert",
                           .source = "https://arxiv.org/abs/1701.06538",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
