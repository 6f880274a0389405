#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/shape.h"
#include "core/tensor.h"
#include "graph/graph.h"
#include "ops/linalg.h"

namespace kerf::ops {

/// The parts of the attention operator (ops/attention.cpp has its rule) that its kernel and its derivative share.

/// Queries that one piece of work takes: [tile, keys] scores stay in the second-level cache, and only keys that some
/// query of the tile sees are multiplied.
inline constexpr std::int64_t kQueryTile = 128;

/// Sizes and attributes of a node.
struct AttentionGeometry {
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

/// Throws Error(kInput) where the heads do not fit.
AttentionGeometry attention_geometry(const graph::Node& node, const Shape& q, const Shape& k, const Shape& v);

/// The slope of each head (Press et al. 2021, arXiv:2108.12409, section 3): a geometric sequence from 2^(-8/n) where
/// the number of heads n is a power of two; otherwise that of the next smaller one, then every other slope of its
/// double.
std::vector<float> alibi_slopes(std::int64_t heads);

/// What a query's score for a key depends on besides the product, for one head. Pointers are to key 0, or null.
struct ScoreTerms {
  const std::int64_t* mask = nullptr;  ///< [keys], as the operator's input
  const float* bias = nullptr;         ///< [queries, keys]
  const float* positions = nullptr;    ///< [keys], where alibi sees them
  float slope = 0;                     ///< of alibi
};

/// The terms of all heads and batches of a node.
class AttentionTerms {
 public:
  /// `mask` [batch, keys] i64 and `bias` [1, heads, queries, keys]: may be null. They must outlive this.
  AttentionTerms(const AttentionGeometry& geometry, const Tensor* mask, const Tensor* bias);
  ScoreTerms at(std::int64_t batch, std::int64_t head) const;

 private:
  AttentionGeometry geometry_;
  const std::int64_t* mask_ = nullptr;
  const float* bias_ = nullptr;
  std::vector<float> slopes_;                  ///< by head, of alibi
  std::vector<std::vector<float>> positions_;  ///< of the keys by batch, of alibi
};

/// Queries [first, first + count) of one head and the keys that some of them see.
struct QueryTile {
  std::int64_t first = 0, count = 0;
  std::int64_t begin = 0, keys = 0;  ///< keys [begin, begin + keys)
};
/// Tile `index` of the head's queries.
QueryTile query_tile(const AttentionGeometry& geometry, std::int64_t index);
std::int64_t query_tile_count(const AttentionGeometry& geometry);

/// Products of queries and keys times the scale -> scores [tile.count, tile.keys]; q and k point at the head's first
/// element of the batch.
void attention_products(const AttentionGeometry& geometry, const QueryTile& tile, const float* q, const float* k,
                        float* scores);
/// The products' probabilities in their place, 0 for keys that a query does not see. Returns the queries, as rows of
/// the tile, that see no key at all: their rows are 0.
std::vector<std::int64_t> attention_probabilities(const AttentionGeometry& geometry, const QueryTile& tile,
                                                  const ScoreTerms& terms, float* scores);

}  // namespace kerf::ops
