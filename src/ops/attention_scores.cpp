#include "ops/attention_scores.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/checked.h"
#include "ops/math.h"
#include "ops/row_math.h"
#include "ops/shape_rules.h"

namespace kerf::ops {

AttentionGeometry attention_geometry(const graph::Node& node, const Shape& q, const Shape& k, const Shape& v) {
  const auto& attributes = node.attributes;
  AttentionGeometry g{.batch = q[0], .queries = q[1], .keys = k[1]};
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

namespace {

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
bool to_probabilities(const AttentionGeometry& g, std::int64_t query, std::int64_t first, std::int64_t count,
                      const ScoreTerms& terms, float* scores) {
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

}  // namespace

AttentionTerms::AttentionTerms(const AttentionGeometry& geometry, const Tensor* mask, const Tensor* bias)
    : geometry_(geometry),
      mask_(mask == nullptr ? nullptr : mask->data<std::int64_t>()),
      bias_(bias == nullptr ? nullptr : bias->data<float>()) {
  if (!geometry_.alibi) return;
  slopes_ = alibi_slopes(geometry_.heads);
  for (std::int64_t b = 0; b < geometry_.batch; ++b) {
    positions_.push_back(key_positions(mask_ == nullptr ? nullptr : mask_ + b * geometry_.keys, geometry_.keys));
  }
}

ScoreTerms AttentionTerms::at(std::int64_t batch, std::int64_t head) const {
  ScoreTerms terms;
  if (mask_ != nullptr) terms.mask = mask_ + batch * geometry_.keys;
  if (bias_ != nullptr) terms.bias = bias_ + head * geometry_.queries * geometry_.keys;
  if (geometry_.alibi) {
    terms.positions = positions_[static_cast<std::size_t>(batch)].data();
    terms.slope = slopes_[static_cast<std::size_t>(head)];
  }
  return terms;
}

std::int64_t query_tile_count(const AttentionGeometry& geometry) { return div_up(geometry.queries, kQueryTile); }

QueryTile query_tile(const AttentionGeometry& geometry, std::int64_t index) {
  const std::int64_t first = index * kQueryTile, count = std::min(kQueryTile, geometry.queries - first);
  const std::int64_t begin = geometry.first_visible(first), end = geometry.last_visible(first + count - 1) + 1;
  return {first, count, begin, end - begin};
}

void attention_products(const AttentionGeometry& g, const QueryTile& tile, const float* q, const float* k,
                        float* scores) {
  linalg::gemm(false, true, tile.count, tile.keys, g.dim, g.scale, q + tile.first * g.query_width(), g.query_width(),
               k + tile.begin * g.key_width(), g.key_width(), 0.0F, scores, tile.keys);
}

std::vector<std::int64_t> attention_probabilities(const AttentionGeometry& g, const QueryTile& tile,
                                                  const ScoreTerms& terms, float* scores) {
  std::vector<std::int64_t> blind;
  for (std::int64_t i = 0; i < tile.count; ++i) {
    float* row = scores + i * tile.keys;
    const std::int64_t from = g.first_visible(tile.first + i) - tile.begin;
    const std::int64_t to = g.last_visible(tile.first + i) + 1 - tile.begin;
    std::fill(row, row + from, 0.0F);
    std::fill(row + to, row + tile.keys, 0.0F);
    if (!to_probabilities(g, tile.first + i, tile.begin + from, to - from, terms, row + from)) blind.push_back(i);
  }
  for (const std::int64_t i : blind) std::fill_n(scores + i * tile.keys, tile.keys, 0.0F);
  return blind;
}

}  // namespace kerf::ops
