#include <algorithm>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "core/threads.h"
#include "ops/attention_derivative.h"
#include "ops/attention_scores.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

using Geometry = AttentionGeometry;

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 3, 5);
  expect_one_output(node);
  const TensorSpec& q = expect_input(inputs, 0, "q", {DType::kF32});
  const TensorSpec& k = expect_input(inputs, 1, "k", {DType::kF32});
  const TensorSpec& v = expect_input(inputs, 2, "v", {DType::kF32});
  expect_rank(q, "q", 3);
  expect_rank(k, "k", 3);
  expect_rank(v, "v", 3);
  const Geometry g = attention_geometry(node, q.shape, k.shape, v.shape);
  expect_shape(q, "q", {g.batch, g.queries, g.query_width()});
  expect_shape(k, "k", {g.batch, g.keys, g.key_width()});
  expect_shape(v, "v", {g.batch, g.keys, g.value_width()});
  if (g.dim == 0) mismatch("input q: found heads without elements");
  if (g.causal && g.queries > g.keys) {
    mismatch(fmt::format("found {} queries for {} keys, expected no more queries than keys", g.queries, g.keys));
  }
  if (g.window < 0 || (g.window > 0 && !g.causal)) {
    mismatch(fmt::format("attribute window: found {} with causal {}, expected a window only of causal attention",
                         g.window, g.causal ? 1 : 0));
  }
  if (has_input(inputs, 3)) {
    expect_shape(expect_input(inputs, 3, "attention_mask", {DType::kI64}), "attention_mask", {g.batch, g.keys});
  }
  if (has_input(inputs, 4)) {
    expect_shape(expect_input(inputs, 4, "bias", {DType::kF32}), "bias", {1, g.heads, g.queries, g.keys});
  }
  return {{DType::kF32, {g.batch, g.queries, g.output_width()}}};
}

/// The mean of the values of all keys: what softmax gives for equal scores, be they all masked.
void mean_of_values(const Geometry& g, const float* v, float* out) {
  std::fill(out, out + g.value_dim, 0.0F);
  for (std::int64_t j = 0; j < g.keys; ++j) {
    for (std::int64_t d = 0; d < g.value_dim; ++d) out[d] += v[j * g.value_width() + d];
  }
  for (std::int64_t d = 0; d < g.value_dim; ++d) out[d] /= static_cast<float>(g.keys);
}

/// One tile of queries of one head; q, k, v and out point at the head's and batch's first element.
void attend(const Geometry& g, const QueryTile& tile, const float* q, const float* k, const float* v,
            const ScoreTerms& terms, float* out) {
  thread_local std::vector<float> scratch;
  scratch.resize(static_cast<std::size_t>(tile.count * tile.keys));
  attention_products(g, tile, q, k, scratch.data());
  const auto blind = attention_probabilities(g, tile, terms, scratch.data());
  float* out_tile = out + tile.first * g.output_width();
  linalg::gemm(false, false, tile.count, g.value_dim, tile.keys, 1.0F, scratch.data(), tile.keys,
               v + tile.begin * g.value_width(), g.value_width(), 0.0F, out_tile, g.output_width());
  for (const std::int64_t i : blind) mean_of_values(g, v, out_tile + i * g.output_width());
}

void run(KernelContext& context) {
  const Tensor &q = context.input(0), &k = context.input(1), &v = context.input(2);
  const Geometry g = attention_geometry(context.node(), q.shape(), k.shape(), v.shape());
  Tensor out(DType::kF32, {g.batch, g.queries, g.output_width()});
  if (g.keys == 0 || g.value_dim == 0) {
    context.output(0) = Tensor::zeros(DType::kF32, out.shape());
    return;
  }
  const AttentionTerms terms(g, context.has_input(3) ? &context.input(3) : nullptr,
                             context.has_input(4) ? &context.input(4) : nullptr);
  const std::int64_t tiles = query_tile_count(g), group = g.heads / g.kv_heads;
  const float *from_q = q.data<float>(), *from_k = k.data<float>(), *from_v = v.data<float>();
  float* to = out.data<float>();
  parallel_for(g.batch * g.heads * tiles, [&](std::int64_t task) {
    const std::int64_t tile = task % tiles, head = task / tiles % g.heads, batch = task / tiles / g.heads;
    const std::int64_t kv_head = head / group;
    attend(g, query_tile(g, tile), from_q + batch * g.queries * g.query_width() + head * g.dim,
           from_k + batch * g.keys * g.key_width() + kv_head * g.dim,
           from_v + batch * g.keys * g.value_width() + kv_head * g.value_dim, terms.at(batch, head),
           to + batch * g.queries * g.output_width() + head * g.value_dim);
  });
  context.output(0) = std::move(out);
}

}  // namespace

/// q [batch, queries, num_heads * d], k [batch, keys, kv_num_heads * d], v [batch, keys, kv_num_heads * e] and
/// optionally attention_mask [batch, keys] i64 (0: a key that nobody sees) and bias [1, num_heads, queries, keys],
/// added to the scores -> [batch, queries, num_heads * e].
///
/// Attributes: num_heads; kv_num_heads (default num_heads; head h reads head h / (num_heads / kv_num_heads) of k and
/// v); scale of the products (default 1 / sqrt(d)); softcap c: c tanh(score / c) (default 0: none); causal: query i
/// sees keys up to keys - queries + i (default 0); window w: and of those the last w only (default 0: all); alibi: adds
/// slope * position of the key, the slope of each head by Press et al. 2021 (default 0). A query
/// whose keys are all masked gets the mean of all values, as in the eager attention of Hugging Face's transformers.
const OpInfo& attention_op() {
  static const OpInfo info{
      .name = "Attention",
      .domain = graph::kKerfDomain,
      .summary = "softmax(scale q k^T) v by heads, with grouped keys, causality, window and soft cap",
      .source = "https://arxiv.org/abs/1706.03762",
      .infer = infer,
      .run = run,
      .differentiate = differentiate_attention};
  return info;
}

}  // namespace kerf::ops
