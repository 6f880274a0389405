#include "eval/summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "eval/intervals.h"
#include "eval/profile.h"
#include "eval/spread.h"
#include "eval/verdict.h"

namespace kerf::eval {
namespace {

/// Sum over the count of values that are not doubles.
template <typename Value>
double mean(const std::vector<Value>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Standard error of a share of `count` things that are or are not so.
double share_error(double share, std::size_t count) {
  return count < 2 ? 0 : std::sqrt(share * (1 - share) / static_cast<double>(count - 1));
}

std::vector<ClassShare> class_shares(const Series& series) {
  const auto classes = static_cast<std::size_t>(series.classes);
  const auto lines = static_cast<double>(series.predicted.size());
  std::vector<ClassShare> shares(classes);
  for (std::size_t i = 0; i < series.probabilities.size(); ++i) {
    shares[i % classes].probability += static_cast<double>(series.probabilities[i]);
  }
  for (const std::int32_t predicted : series.predicted) shares[static_cast<std::size_t>(predicted)].predicted += 1;
  for (ClassShare& share : shares) {
    share.probability /= lines;
    share.predicted /= lines;
  }
  return shares;
}

void summarize_classes(const Series& series, Measurement& out) {
  out.entropy = mean_of(series.entropy);
  out.classes = class_shares(series);
  if (series.right.empty()) return;
  out.accuracy = mean(series.right);
  out.accuracy_stderr = share_error(*out.accuracy, series.right.size());
}

void summarize_likelihood(const Series& series, Measurement& out) {
  const double average = mean_of(series.nll);
  out.perplexity = std::exp(average);
  out.perplexity_stderr = *out.perplexity * standard_error(series.nll, average);
}

LikelihoodChange likelihood_change(const Series& series, const Series& reference) {
  const double mine = mean_of(series.nll), theirs = mean_of(reference.nll);
  const double my_error = standard_error(series.nll, mine), their_error = standard_error(reference.nll, theirs);
  const double covariance = mean_covariance(series.nll, reference.nll);
  // Variances of differences: what rounding leaves below zero is none.
  const auto error_of = [](double variance) { return std::sqrt(std::max(variance, 0.0)); };
  LikelihoodChange change;
  change.log_ratio = mine - theirs;
  change.log_ratio_error = error_of(my_error * my_error + their_error * their_error - 2 * covariance);
  change.ratio = std::exp(change.log_ratio);
  change.ratio_error = change.ratio * change.log_ratio_error;
  const double my_ppl = std::exp(mine), their_ppl = std::exp(theirs);
  change.difference = my_ppl - their_ppl;
  const double my_part = my_ppl * my_error, their_part = their_ppl * their_error;
  change.difference_error = error_of(my_part * my_part + their_part * their_part - 2 * my_ppl * their_ppl * covariance);
  change.correlation = my_error > 0 && their_error > 0 ? covariance / (my_error * their_error) : 1;
  return change;
}

void summarize_delta_p(const Series& series, Measurement& out) {
  out.delta_p = spread_of(series.delta_p);
  std::vector<double> squares;
  for (const double d : series.delta_p) squares.push_back(d * d);
  const double mean_square = mean_of(squares), root = std::sqrt(mean_square);
  out.delta_p_rms = root;
  out.delta_p_rms_error = root > 0 ? 0.5 / root * standard_error(squares, mean_square) : 0;
}

}  // namespace

void summarize(const Series& series, const Series* reference, Measurement& out) {
  out.tokens_scored = static_cast<std::int64_t>(series.size());
  if (series.classes > 0) {
    summarize_classes(series, out);
  } else {
    summarize_likelihood(series, out);
  }
  if (series.kl.empty()) return;
  out.kl = spread_of(series.kl);
  if (!series.reverse_kl.empty()) out.reverse_kl = spread_of(series.reverse_kl);
  out.top1_agreement = mean(series.same_top1);
  out.top1_error = share_error(*out.top1_agreement, series.same_top1.size());
  if (!series.top5_overlap.empty()) out.top5_agreement = mean(series.top5_overlap);
  if (!series.delta_p.empty()) summarize_delta_p(series, out);
  if (series.classes == 0 && reference != nullptr) out.likelihood = likelihood_change(series, *reference);
}

void describe(const Series& series, const Series* reference, const Layout& layout, double margin, Measurement& out) {
  out.intervals = intervals_of(series, reference, layout);
  out.by_window = profile_by_window(series, layout);
  if (series.classes == 0) out.by_position = profile_by_position(series, layout);
  if (series.kl.empty()) return;
  out.kl_histogram = kl_histogram(series);
  if (reference != nullptr && !series.nll.empty()) {
    out.judgement = judge_pair(series.nll, reference->nll, layout, margin);
  }
}

std::vector<PairedDifference> pair_up(std::span<const Series* const> series, std::span<const std::string> specs,
                                      const Layout& layout, double margin) {
  std::vector<PairedDifference> pairs;
  for (std::size_t b = 0; b < series.size(); ++b) {
    for (std::size_t a = 0; a < b; ++a) {
      PairedDifference pair{.spec = specs[b], .other = specs[a]};
      const Series &mine = *series[b], &theirs = *series[a];
      if (!mine.nll.empty()) pair.log_perplexity = judge_pair(mine.nll, theirs.nll, layout, margin);
      if (!mine.kl.empty()) pair.kl = judge_pair(mine.kl, theirs.kl, layout, margin);
      pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

NoiseFloor noise_floor(const Series& again, const Series& reference, const Layout& layout) {
  NoiseFloor floor;
  const std::size_t count = again.kl.size();
  floor.tokens = static_cast<std::int64_t>(count);
  floor.windows = count == 0 ? 0 : layout.window[count - 1] + 1;
  if (count == 0) return floor;
  double sum = 0, log_ratio = 0, squares = 0, same = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double kl = std::abs(again.kl[i]);
    sum += kl;
    floor.kl_max = std::max(floor.kl_max, kl);
    same += again.same_top1[i];
    if (!again.nll.empty()) log_ratio += again.nll[i] - reference.nll[i];
    if (!again.delta_p.empty()) squares += again.delta_p[i] * again.delta_p[i];
  }
  const auto n = static_cast<double>(count);
  floor.kl_mean = sum / n;
  floor.log_ratio = std::abs(log_ratio) / n;
  floor.delta_p_rms = std::sqrt(squares / n);
  floor.top1_disagreement = 1 - same / n;
  return floor;
}

}  // namespace kerf::eval
