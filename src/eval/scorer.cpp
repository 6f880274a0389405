#include "eval/scorer.h"

#include <algorithm>
#include <cmath>

#include "ops/math.h"

namespace kerf::eval {
namespace {

/// Partial sums per lane: a fixed order that vectorizes.
constexpr std::size_t kLanes = 16;

float largest(std::span<const float> values) {
  std::array<float, kLanes> lanes;
  lanes.fill(values.front());
  const std::size_t whole = values.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) lanes[l] = std::max(lanes[l], values[i + l]);
  }
  for (std::size_t i = whole; i < values.size(); ++i) lanes[0] = std::max(lanes[0], values[i]);
  return *std::max_element(lanes.begin(), lanes.end());
}

/// sum_i term(i), in double, lane by lane.
template <typename Term>
double lane_sum(std::size_t count, Term term) {
  std::array<double, kLanes> lanes{};
  const std::size_t whole = count / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) lanes[l] += static_cast<double>(term(i + l));
  }
  for (std::size_t i = whole; i < count; ++i) lanes[0] += static_cast<double>(term(i));
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

}  // namespace

void Distribution::set(std::span<const float> logits) {
  logits_ = logits;
  weights_.resize(logits.size());
  const float peak = largest(logits);
  float* const weights = weights_.data();
#pragma omp simd
  for (std::size_t i = 0; i < logits.size(); ++i) weights[i] = ops::exp_f32(logits[i] - peak);
  weight_sum_ = lane_sum(weights_.size(), [&](std::size_t i) { return weights[i]; });
  log_normalizer_ = static_cast<double>(peak) + std::log(weight_sum_);
  find_top();
}

void Distribution::find_top() {
  top_count_ = 0;
  const auto better = [&](std::int32_t a, std::int32_t b) {
    const float x = logits_[static_cast<std::size_t>(a)], y = logits_[static_cast<std::size_t>(b)];
    return x > y || (x == y && a < b);
  };
  for (std::size_t i = 0; i < logits_.size(); ++i) {
    const auto id = static_cast<std::int32_t>(i);
    if (top_count_ == kTopTokens && !better(id, top_[kTopTokens - 1])) continue;
    std::size_t at = std::min(top_count_, kTopTokens - 1);
    while (at > 0 && better(id, top_[at - 1])) {
      top_[at] = top_[at - 1];
      --at;
    }
    top_[at] = id;
    top_count_ = std::min(top_count_ + 1, kTopTokens);
  }
}

double Distribution::negative_log_likelihood(std::int64_t token) const {
  return log_normalizer_ - static_cast<double>(logits_[static_cast<std::size_t>(token)]);
}

double Distribution::probability(std::int64_t token) const {
  return static_cast<double>(weights_[static_cast<std::size_t>(token)]) / weight_sum_;
}

double Distribution::divergence_from(const Distribution& other) const {
  // sum p (l - m) - (log Z_l - log Z_m), with p = weight / sum.
  const float* const weights = weights_.data();
  const float* const mine = logits_.data();
  const float* const theirs = other.logits_.data();
  const double expected =
      lane_sum(weights_.size(), [&](std::size_t i) { return weights[i] * (mine[i] - theirs[i]); }) / weight_sum_;
  return expected - (log_normalizer_ - other.log_normalizer_);
}

Series::Series(std::size_t positions, bool against_reference) : nll(positions) {
  if (!against_reference) return;
  kl.resize(positions);
  delta_p.resize(positions);
  same_top1.resize(positions);
  top5_overlap.resize(positions);
}

void score(const Distribution& model, const Distribution* reference, std::int64_t token, std::size_t at,
           Series& series) {
  series.nll[at] = model.negative_log_likelihood(token);
  if (reference == nullptr) return;
  series.kl[at] = reference->divergence_from(model);
  series.delta_p[at] = model.probability(token) - reference->probability(token);
  const auto mine = model.top(), theirs = reference->top();
  series.same_top1[at] = mine.front() == theirs.front() ? 1 : 0;
  int shared = 0;
  for (const std::int32_t id : theirs) shared += static_cast<int>(std::count(mine.begin(), mine.end(), id));
  series.top5_overlap[at] = static_cast<float>(shared) / static_cast<float>(theirs.size());
}

}  // namespace kerf::eval
