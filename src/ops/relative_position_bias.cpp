#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "ops/ops.h"
#include "ops/relative_position.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  expect_one_output(node);
  const TensorSpec& table = expect_input(inputs, 0, "table", {DType::kF32});
  const TensorSpec& ids = expect_input(inputs, 1, "ids", {DType::kI64});
  expect_rank(table, "table", 2);
  expect_rank(ids, "ids", 2);
  const RelativePosition rule = relative_position_of(node, table.shape[0]);
  // Per direction, half the buckets are for one distance each; the others share what lies before max_distance.
  const std::int64_t exact = rule.buckets / (rule.bidirectional ? 4 : 2);
  if (exact < 1 || rule.max_distance <= exact) {
    mismatch(fmt::format("found {} buckets and max_distance {}, expected a distance beyond those of their own",
                         rule.buckets, rule.max_distance));
  }
  const std::int64_t length = ids.shape[1];
  return {{DType::kF32, {1, table.shape[1], length, length}}};
}

/// The bucket of a distance in one direction (Raffel et al. 2020, arXiv:1910.10683, section 2.1): one each for the
/// first half of `count`, then logarithmically wider ones up to max_distance. In f32, as where the weights were
/// trained.
std::int64_t bucket_of(std::int64_t distance, std::int64_t count, std::int64_t max_distance) {
  const std::int64_t exact = count / 2;
  if (distance < exact) return distance;
  const auto part = static_cast<float>(exact), rest = static_cast<float>(count - exact);
  const float ratio = static_cast<float>(distance) / part;
  const auto range = static_cast<float>(std::log(static_cast<double>(max_distance) / static_cast<double>(exact)));
  const float steps = static_cast<float>(std::log(static_cast<double>(ratio))) / range * rest;
  return std::min(exact + static_cast<std::int64_t>(steps), count - 1);
}

void run(KernelContext& context) {
  const Tensor& table = context.input(0);
  const std::int64_t length = context.input(1).dim(1), heads = table.dim(1);
  const auto rows = relative_position_rows(relative_position_of(context.node(), table.dim(0)), length);
  Tensor bias(DType::kF32, {1, heads, length, length});
  float* to = bias.data<float>();
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t query = 0; query < length; ++query) {
      for (std::int64_t key = 0; key < length; ++key) {
        const std::int64_t row = rows[static_cast<std::size_t>(key - query + length - 1)];
        *to++ = table.data<float>()[row * heads + head];
      }
    }
  }
  context.output(0) = std::move(bias);
}

void differentiate(DerivativeContext& context) {
  if (!context.wants(0)) return;
  const Tensor &table = context.input(0), &by_output = context.by_output(0);
  const std::int64_t length = context.input(1).dim(1), heads = table.dim(1);
  const auto rows = relative_position_rows(relative_position_of(context.node(), table.dim(0)), length);
  Tensor by_table = Tensor::zeros(DType::kF32, table.shape());
  const float* from = by_output.data<float>();
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t query = 0; query < length; ++query) {
      for (std::int64_t key = 0; key < length; ++key) {
        const std::int64_t row = rows[static_cast<std::size_t>(key - query + length - 1)];
        by_table.data<float>()[row * heads + head] += *from++;
      }
    }
  }
  context.give(0, std::move(by_table));
}

}  // namespace

RelativePosition relative_position_of(const graph::Node& node, std::int64_t buckets) {
  return {.buckets = buckets,
          .max_distance = node.attributes.int_or("max_distance", 128),
          .bidirectional = node.attributes.int_or("bidirectional", 0) != 0};
}

std::vector<std::int64_t> relative_position_rows(const RelativePosition& rule, std::int64_t length) {
  const std::int64_t per_direction = rule.bidirectional ? rule.buckets / 2 : rule.buckets;
  std::vector<std::int64_t> rows;
  for (std::int64_t offset = 1 - length; offset < length; ++offset) {
    const bool later = rule.bidirectional && offset > 0;
    const std::int64_t distance = later ? offset : std::max<std::int64_t>(-offset, 0);
    rows.push_back((later ? per_direction : 0) + bucket_of(distance, per_direction, rule.max_distance));
  }
  return rows;
}

/// table [buckets, heads] and ids [batch, length], of which only the length counts -> [1, heads, length, length]: what
/// attention adds to the score of query i and key j, by the bucket of j - i.
///
/// Attributes: bidirectional: half the buckets are for keys after the query; otherwise those count as distance 0
/// (default 0); max_distance: from which on all distances share the last bucket (default 128).
const OpInfo& relative_position_bias_op() {
  static const OpInfo info{.name = "RelativePositionBias",
                           .domain = graph::kKerfDomain,
                           .summary = "what attention adds to scores by the distance of query and key, in buckets",
                           .source = "https://arxiv.org/abs/1910.10683",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
