#include "ops/attention_derivative.h"

#include <utility>
#include <vector>

#include "core/threads.h"
#include "ops/attention_scores.h"
#include "ops/math.h"
#include "ops/row_math.h"

namespace kerf::ops {
namespace {

/// Pointers to the first element of one head of one batch; the derivatives may be null.
struct HeadValues {
  const float *q, *k, *v, *by_out;
  float *by_q, *by_k, *by_v, *by_bias;
};

class HeadDerivative {
 public:
  HeadDerivative(const AttentionGeometry& geometry, const HeadValues& values, const ScoreTerms& terms)
      : g_(geometry), head_(values), terms_(terms) {}

  void add(const QueryTile& tile) {
    const auto size = static_cast<std::size_t>(tile.count * tile.keys);
    scores_.resize(size);
    slopes_.resize(size);
    attention_products(g_, tile, head_.q, head_.k, scores_.data());
    if (g_.softcap > 0.0F) raw_ = scores_;
    const auto blind = attention_probabilities(g_, tile, terms_, scores_.data());
    const float* const by_out = head_.by_out + tile.first * g_.output_width();
    if (head_.by_v != nullptr) {
      linalg::gemm(true, false, tile.keys, g_.value_dim, tile.count, 1.0F, scores_.data(), tile.keys, by_out,
                   g_.output_width(), 1.0F, head_.by_v + tile.begin * g_.value_width(), g_.value_width());
      for (const std::int64_t i : blind) add_to_all_values(by_out + i * g_.output_width());
    }
    linalg::gemm(false, true, tile.count, tile.keys, g_.value_dim, 1.0F, by_out, g_.output_width(),
                 head_.v + tile.begin * g_.value_width(), g_.value_width(), 0.0F, slopes_.data(), tile.keys);
    for (std::int64_t i = 0; i < tile.count; ++i) to_score_slopes(i, tile.keys);
    if (head_.by_bias != nullptr) add_to_bias(tile);
    if (g_.softcap > 0.0F) through_soft_cap();
    if (head_.by_q != nullptr) {
      linalg::gemm(false, false, tile.count, g_.dim, tile.keys, g_.scale, slopes_.data(), tile.keys,
                   head_.k + tile.begin * g_.key_width(), g_.key_width(), 0.0F,
                   head_.by_q + tile.first * g_.query_width(), g_.query_width());
    }
    if (head_.by_k != nullptr) {
      linalg::gemm(true, false, tile.keys, g_.dim, tile.count, g_.scale, slopes_.data(), tile.keys,
                   head_.q + tile.first * g_.query_width(), g_.query_width(), 1.0F,
                   head_.by_k + tile.begin * g_.key_width(), g_.key_width());
    }
  }

 private:
  /// A query that sees no key has the mean of all values.
  void add_to_all_values(const float* by_out) {
    for (std::int64_t j = 0; j < g_.keys; ++j) {
      for (std::int64_t d = 0; d < g_.value_dim; ++d) {
        head_.by_v[j * g_.value_width() + d] += by_out[d] / static_cast<float>(g_.keys);
      }
    }
  }

  void to_score_slopes(std::int64_t i, std::int64_t keys) {
    const float* const p = scores_.data() + i * keys;
    float* const slopes = slopes_.data() + i * keys;
    const float mean = lane_sum<float>(keys, [&](std::int64_t j) { return p[j] * slopes[j]; });
#pragma omp simd
    for (std::int64_t j = 0; j < keys; ++j) slopes[j] = p[j] * (slopes[j] - mean);
  }

  void add_to_bias(const QueryTile& tile) {
    for (std::int64_t i = 0; i < tile.count; ++i) {
      float* const to = head_.by_bias + (tile.first + i) * g_.keys + tile.begin;
      for (std::int64_t j = 0; j < tile.keys; ++j) to[j] += slopes_[static_cast<std::size_t>(i * tile.keys + j)];
    }
  }

  void through_soft_cap() {
    for (std::size_t i = 0; i < slopes_.size(); ++i) {
      const float t = tanh_f32(raw_[i] / g_.softcap);
      slopes_[i] *= 1.0F - t * t;
    }
  }

  const AttentionGeometry& g_;
  HeadValues head_;
  const ScoreTerms terms_;
  std::vector<float> scores_, slopes_, raw_;
};

float* at(Tensor& tensor, std::int64_t offset) { return tensor.defined() ? tensor.data<float>() + offset : nullptr; }

}  // namespace

void differentiate_attention(DerivativeContext& context) {
  const Tensor &q = context.input(0), &k = context.input(1), &v = context.input(2);
  const AttentionGeometry g = attention_geometry(context.node(), q.shape(), k.shape(), v.shape());
  std::vector<Tensor> by(5);
  for (const std::size_t i : {0U, 1U, 2U, 4U}) {
    if (context.wants(i)) by[i] = Tensor::zeros(DType::kF32, context.input(i).shape());
  }
  const AttentionTerms terms(g, context.has_input(3) ? &context.input(3) : nullptr,
                             context.has_input(4) ? &context.input(4) : nullptr);
  const std::int64_t group = g.heads / g.kv_heads;
  const bool empty = g.keys == 0 || g.value_dim == 0;
  // Heads that share keys share their derivatives too, as do all batches the bias': one task has them all.
  const std::int64_t batches = by[4].defined() ? 1 : g.batch;
  parallel_for(empty ? 0 : batches * g.kv_heads, [&](std::int64_t task) {
    const std::int64_t kv_head = task % g.kv_heads, first = task / g.kv_heads;
    for (std::int64_t batch = first; batch < (by[4].defined() ? g.batch : first + 1); ++batch) {
      for (std::int64_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
        const std::int64_t at_q = batch * g.queries * g.query_width() + head * g.dim;
        const std::int64_t at_k = batch * g.keys * g.key_width() + kv_head * g.dim;
        const std::int64_t at_v = batch * g.keys * g.value_width() + kv_head * g.value_dim;
        const std::int64_t at_out = batch * g.queries * g.output_width() + head * g.value_dim;
        HeadDerivative derivative(g,
                                  {q.data<float>() + at_q, k.data<float>() + at_k, v.data<float>() + at_v,
                                   context.by_output(0).data<float>() + at_out, at(by[0], at_q), at(by[1], at_k),
                                   at(by[2], at_v), at(by[4], head * g.queries * g.keys)},
                                  terms.at(batch, head));
        for (std::int64_t tile = 0; tile < query_tile_count(g); ++tile) derivative.add(query_tile(g, tile));
      }
    }
  });
  for (std::size_t i = 0; i < by.size(); ++i) {
    if (by[i].defined()) context.give(i, std::move(by[i]));
  }
}

}  // namespace kerf::ops
