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

double Distribution::entropy() const {
  // log Z - sum p l, with p = weight / sum.
  const float* const weights = weights_.data();
  const float* const mine = logits_.data();
  return log_normalizer_ - lane_sum(weights_.size(), [&](std::size_t i) { return weights[i] * mine[i]; }) / weight_sum_;
}

Series::Series(std::size_t places, bool against_reference, const Measured& measured) : classes(measured.classes) {
  if (measured.targets) nll.resize(places);
  if (classes == 0) {
    best.resize(places);
    best_p.resize(places);
  }
  if (classes > 0) {
    probabilities.resize(places * static_cast<std::size_t>(classes));
    predicted.resize(places);
    entropy.resize(places);
    if (measured.targets) right.resize(places);
  }
  if (!against_reference) return;
  kl.resize(places);
  if (measured.reverse_kl) reverse_kl.resize(places);
  if (measured.targets) delta_p.resize(places);
  same_top1.resize(places);
  if (classes == 0) top5_overlap.resize(places);
}

void Series::append(const Series& next) {
  const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  add(nll, next.nll);
  add(kl, next.kl);
  add(reverse_kl, next.reverse_kl);
  add(best, next.best);
  add(best_p, next.best_p);
  add(delta_p, next.delta_p);
  add(same_top1, next.same_top1);
  add(top5_overlap, next.top5_overlap);
  add(probabilities, next.probabilities);
  add(predicted, next.predicted);
  add(entropy, next.entropy);
  add(right, next.right);
}

namespace {

void score_classes(const Distribution& model, std::int64_t target, std::size_t at, Series& series) {
  const auto classes = static_cast<std::size_t>(series.classes);
  for (std::size_t c = 0; c < classes; ++c) {
    series.probabilities[at * classes + c] = static_cast<float>(model.probability(static_cast<std::int64_t>(c)));
  }
  series.predicted[at] = model.top().front();
  series.entropy[at] = model.entropy();
  if (!series.right.empty()) series.right[at] = model.top().front() == target ? 1 : 0;
}

float shared_top(const Distribution& model, const Distribution& reference) {
  const auto mine = model.top(), theirs = reference.top();
  int shared = 0;
  for (const std::int32_t id : theirs) shared += static_cast<int>(std::count(mine.begin(), mine.end(), id));
  return static_cast<float>(shared) / static_cast<float>(theirs.size());
}

}  // namespace

void score(const Distribution& model, const Distribution* reference, std::int64_t target, std::size_t at,
           Series& series) {
  if (!series.nll.empty()) series.nll[at] = model.negative_log_likelihood(target);
  if (series.classes > 0) score_classes(model, target, at, series);
  if (!series.best.empty()) {
    series.best[at] = model.top().front();
    series.best_p[at] = static_cast<float>(model.probability(model.top().front()));
  }
  if (reference == nullptr) return;
  series.kl[at] = reference->divergence_from(model);
  if (!series.reverse_kl.empty()) series.reverse_kl[at] = model.divergence_from(*reference);
  if (!series.delta_p.empty()) series.delta_p[at] = model.probability(target) - reference->probability(target);
  series.same_top1[at] = model.top().front() == reference->top().front() ? 1 : 0;
  if (!series.top5_overlap.empty()) series.top5_overlap[at] = shared_top(model, *reference);
}

}  // namespace kerf::eval
