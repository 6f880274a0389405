#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "core/checked.h"
#include "core/threads.h"
#include "ops/math.h"
#include "ops/ops.h"
#include "ops/row_math.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

/// Queries that one piece of work takes: [tile, keys] scores stay in the second-level cache, and only keys that some
/// query of the tile sees are multiplied.
constexpr std::int64_t kQueryTile = 128;

struct Geometry {
  std::int64_t batch = 0, queries = 0, keys = 0;  ///< counts of positions
  std::int64_t heads = 0, kv_heads = 0, dim = 0, value_dim = 0;
  float scale = 0, softcap = 0;
  bool causal = false, alibi = false;
  std::int64_t window = 0;

  std::int64_t query_width() const { return heads * dim; }
  std::int64_t key_width() const { return kv_heads * dim; }
  std::int64_t value_width() const { return kv_heads * value_dim; }
  std::int64_t output_width() const { return heads * value_dim; }
  /// The last query sees the last key.
  std::int64_t last_visible(std::int64_t query) const { return causal ? keys - queries + query : keys - 1; }
  std::int64_t first_visible(std::int64_t query) const {
    return window > 0 ? std::max<std::int64_t>(0, last_visible(query) - window + 1) : 0;
  }
};

Geometry geometry_of(const graph::Node& node, const Shape& q, const Shape& k, const Shape& v) {
  const auto& attributes = node.attributes;
  Geometry g{.batch = q[0], .queries = q[1], .keys = k[1]};
  g.heads = attributes.int_or("num_heads", 0);
  g.kv_heads = attributes.int_or("kv_num_heads", g.heads);
  if (g.heads <= 0 || g.kv_heads <= 0 || g.heads % g.kv_heads != 0) {
    mismatch(fmt::format("found num_heads {} and kv_num_heads {}, expected a multiple", g.heads, g.kv_heads));
  }
  g.dim = q[2] / g.heads;
  g.value_dim = v[2] / g.kv_heads;
  g.scale = static_cast<float>(attributes.float_or("scale", 1.0 / std::sqrt(static_cast<double>(g.dim))));
  g.softcap = static_cast<float>(attributes.float_or("softcap", 0.0));
  g.causal = attributes.int_or("causal", 0) != 0;
  g.alibi = attributes.int_or("alibi", 0) != 0;
  g.window = attributes.int_or("window", 0);
  return g;
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 3, 5);
  expect_one_output(node);
  const TensorSpec& q = expect_input(inputs, 0, "q", {DType::kF32});
  const TensorSpec& k = expect_input(inputs, 1, "k", {DType::kF32});
  const TensorSpec& v = expect_input(inputs, 2, "v", {DType::kF32});
  expect_rank(q, "q", 3);
  expect_rank(k, "k", 3);
  expect_rank(v, "v", 3);
  const Geometry g = geometry_of(node, q.shape, k.shape, v.shape);
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

/// What a query's score for a key depends on besides the product, for one head. Pointers are to key 0, or null.
struct Terms {
  const std::int64_t* mask = nullptr;  ///< [keys], as the operator's input
  const float* bias = nullptr;         ///< [queries, keys]
  const float* positions = nullptr;    ///< [keys], where alibi sees them
  float slope = 0;                     ///< of alibi
};

/// The slope of each head (Press et al. 2021, arXiv:2108.12409, section 3): a geometric sequence from 2^(-8/n) where
/// the number of heads n is a power of two; otherwise that of the next smaller one, then every other slope of its
/// double.
std::vector<float> alibi_slopes(std::int64_t heads) {
  std::int64_t power = 1;
  while (2 * power <= heads) power *= 2;
  const auto slope = [](std::int64_t count, std::int64_t i) {
    return static_cast<float>(std::exp2(-8.0 * static_cast<double>(i) / static_cast<double>(count)));
  };
  std::vector<float> slopes;
  for (std::int64_t i = 1; i <= power; ++i) slopes.push_back(slope(power, i));
  for (std::int64_t i = 1; std::ssize(slopes) < heads; i += 2) slopes.push_back(slope(2 * power, i));
  return slopes;
}

/// Places of the keys among those that are not masked.
std::vector<float> key_positions(const std::int64_t* mask, std::int64_t keys) {
  std::vector<float> positions(static_cast<std::size_t>(keys));
  std::int64_t seen = 0;
  for (std::int64_t j = 0; j < keys; ++j) {
    const bool counts = mask == nullptr || mask[j] != 0;
    positions[static_cast<std::size_t>(j)] = counts ? static_cast<float>(seen) : 0.0F;
    seen += counts ? 1 : 0;
  }
  return positions;
}

/// Probabilities of query `query` in place of its scores for the keys [first, first + count). False if it sees no key
/// at all.
bool to_probabilities(const Geometry& g, std::int64_t query, std::int64_t first, std::int64_t count, const Terms& terms,
                      float* scores) {
  if (g.softcap > 0.0F) {
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) scores[i] = g.softcap * tanh_f32(scores[i] / g.softcap);
  }
  if (terms.positions != nullptr) {
    for (std::int64_t i = 0; i < count; ++i) scores[i] += terms.slope * terms.positions[first + i];
  }
  if (terms.bias != nullptr) {
    for (std::int64_t i = 0; i < count; ++i) scores[i] += terms.bias[query * g.keys + first + i];
  }
  const std::int64_t* mask = terms.mask == nullptr ? nullptr : terms.mask + first;
  bool any = mask == nullptr && count > 0;
  if (mask != nullptr) {
    for (std::int64_t i = 0; i < count; ++i) {
      if (mask[i] == 0) {
        scores[i] = -std::numeric_limits<float>::infinity();
      } else {
        any = true;
      }
    }
  }
  if (any) softmax_row(scores, count);
  return any;
}

/// The mean of the values of all keys: what softmax gives for equal scores, be they all masked.
void mean_of_values(const Geometry& g, const float* v, float* out) {
  std::fill(out, out + g.value_dim, 0.0F);
  for (std::int64_t j = 0; j < g.keys; ++j) {
    for (std::int64_t d = 0; d < g.value_dim; ++d) out[d] += v[j * g.value_width() + d];
  }
  for (std::int64_t d = 0; d < g.value_dim; ++d) out[d] /= static_cast<float>(g.keys);
}

/// Queries [first, first + count) of one head; q, k, v and out point at the head's and batch's first element.
void attend(const Geometry& g, std::int64_t first, std::int64_t count, const float* q, const float* k, const float* v,
            const Terms& terms, float* out) {
  const std::int64_t begin = g.first_visible(first), end = g.last_visible(first + count - 1) + 1;
  const std::int64_t keys = end - begin;
  thread_local std::vector<float> scratch;
  scratch.resize(static_cast<std::size_t>(count * keys));
  linalg::gemm(false, true, count, keys, g.dim, g.scale, q + first * g.query_width(), g.query_width(),
               k + begin * g.key_width(), g.key_width(), 0.0F, scratch.data(), keys);
  std::vector<std::int64_t> blind;
  for (std::int64_t i = 0; i < count; ++i) {
    float* row = scratch.data() + i * keys;
    const std::int64_t from = g.first_visible(first + i) - begin, to = g.last_visible(first + i) + 1 - begin;
    std::fill(row, row + from, 0.0F);
    std::fill(row + to, row + keys, 0.0F);
    if (!to_probabilities(g, first + i, begin + from, to - from, terms, row + from)) blind.push_back(i);
  }
  for (const std::int64_t i : blind) std::fill_n(scratch.data() + i * keys, keys, 0.0F);
  float* out_tile = out + first * g.output_width();
  linalg::gemm(false, false, count, g.value_dim, keys, 1.0F, scratch.data(), keys, v + begin * g.value_width(),
               g.value_width(), 0.0F, out_tile, g.output_width());
  for (const std::int64_t i : blind) mean_of_values(g, v, out_tile + i * g.output_width());
}

void run(KernelContext& context) {
  const Tensor &q = context.input(0), &k = context.input(1), &v = context.input(2);
  const Geometry g = geometry_of(context.node(), q.shape(), k.shape(), v.shape());
  Tensor out(DType::kF32, {g.batch, g.queries, g.output_width()});
  if (g.keys == 0 || g.value_dim == 0) {
    context.output(0) = Tensor::zeros(DType::kF32, out.shape());
    return;
  }
  const std::int64_t* mask = context.has_input(3) ? context.input(3).data<std::int64_t>() : nullptr;
  const float* bias = context.has_input(4) ? context.input(4).data<float>() : nullptr;
  const std::vector<float> slopes = g.alibi ? alibi_slopes(g.heads) : std::vector<float>();
  std::vector<std::vector<float>> positions;
  for (std::int64_t b = 0; g.alibi && b < g.batch; ++b) {
    positions.push_back(key_positions(mask == nullptr ? nullptr : mask + b * g.keys, g.keys));
  }
  const std::int64_t tiles = div_up(g.queries, kQueryTile), group = g.heads / g.kv_heads;
  const float *from_q = q.data<float>(), *from_k = k.data<float>(), *from_v = v.data<float>();
  float* to = out.data<float>();
  parallel_for(g.batch * g.heads * tiles, [&](std::int64_t task) {
    const std::int64_t tile = task % tiles, head = task / tiles % g.heads, batch = task / tiles / g.heads;
    const std::int64_t first = tile * kQueryTile, kv_head = head / group;
    Terms terms;
    if (mask != nullptr) terms.mask = mask + batch * g.keys;
    if (bias != nullptr) terms.bias = bias + head * g.queries * g.keys;
    if (g.alibi) {
      terms.positions = positions[static_cast<std::size_t>(batch)].data();
      terms.slope = slopes[static_cast<std::size_t>(head)];
    }
    attend(g, first, std::min(kQueryTile, g.queries - first),
           from_q + batch * g.queries * g.query_width() + head * g.dim,
           from_k + batch * g.keys * g.key_width() + kv_head * g.dim,
           from_v + batch * g.keys * g.value_width() + kv_head * g.value_dim, terms,
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
      .run = run};
  return info;
}

}  // namespace kerf::ops
