#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "ops/ops.h"
#include "ops/row_math.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  expect_one_output(node);
  const TensorSpec& logits = expect_input(inputs, 0, "logits", {DType::kF32});
  if (logits.shape.empty() || logits.shape.back() == 0) mismatch("input logits: found no experts, expected some");
  const std::int64_t chosen = node.attributes.int_or("top_k", 1);
  if (chosen < 1 || chosen > logits.shape.back()) {
    mismatch(fmt::format("attribute top_k: found {}, expected 1 to {}", chosen, logits.shape.back()));
  }
  return {{DType::kF32, logits.shape}};
}

/// Keeps the `chosen` largest of a row of probabilities, of equal ones the first.
void keep_largest(float* row, std::int64_t experts, std::int64_t chosen, bool normalize) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(experts));
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(order.begin(), order.begin() + chosen, order.end(),
                    [row](std::int64_t a, std::int64_t b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
  float sum = 0;
  for (std::int64_t i = 0; i < chosen; ++i) sum += row[order[static_cast<std::size_t>(i)]];
  for (std::int64_t i = chosen; i < experts; ++i) row[order[static_cast<std::size_t>(i)]] = 0;
  if (!normalize || !(sum > 0)) return;
  for (std::int64_t e = 0; e < experts; ++e) row[e] /= sum;
}

void run(KernelContext& context) {
  Tensor routing = context.input(0).clone();
  const std::int64_t experts = routing.shape().back(), chosen = context.attributes().int_or("top_k", 1);
  const bool normalize = context.attributes().int_or("normalize", 0) != 0;
  for (std::int64_t t = 0; t < routing.size() / experts; ++t) {
    float* row = routing.data<float>() + t * experts;
    softmax_row(row, experts);
    keep_largest(row, experts, chosen, normalize);
  }
  context.output(0) = std::move(routing);
}

/// Weights w of the chosen are p / S with S = sum of the chosen p if normalized, else p, of the softmax p: first
/// through the division, then through the softmax. Which experts are chosen does not depend smoothly on anything.
void differentiate(DerivativeContext& context) {
  if (!context.wants(0)) return;
  const Tensor &logits = context.input(0), &weights = context.output(0);
  const std::int64_t experts = logits.shape().back();
  const bool normalize = context.attributes().int_or("normalize", 0) != 0;
  Tensor by_logits(DType::kF32, logits.shape());
  std::vector<float> p(static_cast<std::size_t>(experts)), by_p(p.size());
  for (std::int64_t t = 0; t < logits.size() / experts; ++t) {
    const float* const w = weights.data<float>() + t * experts;
    const float* const by = context.by_output(0).data<float>() + t * experts;
    std::copy_n(logits.data<float>() + t * experts, experts, p.begin());
    softmax_row(p.data(), experts);
    float sum = 0, mean = 0, slope = 0;
    for (std::int64_t e = 0; e < experts; ++e) {
      if (w[e] == 0) continue;
      sum += p[static_cast<std::size_t>(e)];
      mean += w[e] * by[e];
    }
    for (std::int64_t e = 0; e < experts; ++e) {
      const auto i = static_cast<std::size_t>(e);
      by_p[i] = w[e] == 0 ? 0.0F : normalize && sum > 0 ? (by[e] - mean) / sum : by[e];
      slope += p[i] * by_p[i];
    }
    float* const to = by_logits.data<float>() + t * experts;
    for (std::int64_t e = 0; e < experts; ++e) {
      const auto i = static_cast<std::size_t>(e);
      to[e] = p[i] * (by_p[i] - slope);
    }
  }
  context.give(0, std::move(by_logits));
}

}  // namespace

/// logits [..., experts] -> weights [..., experts]: the softmax, of which only the top_k largest stay; with normalize
/// those sum to 1.
const OpInfo& route_op() {
  static const OpInfo info{.name = "Route",
                           .domain = graph::kKerfDomain,
                           .summary = "weights of the experts that each token is sent to",
                           .source = "https://arxiv.org/abs/1701.06538",
                           .rowwise = true,
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
