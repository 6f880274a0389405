#include "eval/summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kerf::eval {
namespace {

template <typename Value>
double mean(const std::vector<Value>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Standard error of the mean of values taken as independent.
template <typename Value>
double standard_error(const std::vector<Value>& values, double average) {
  if (values.size() < 2) return 0;
  double squares = 0;
  for (const double v : values) squares += (v - average) * (v - average);
  const auto n = static_cast<double>(values.size());
  return std::sqrt(squares / n / (n - 1));
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
  out.entropy = mean(series.entropy);
  out.classes = class_shares(series);
  if (series.right.empty()) return;
  out.accuracy = mean(series.right);
  out.accuracy_stderr = standard_error(series.right, *out.accuracy);
}

void summarize_likelihood(const Series& series, Measurement& out) {
  const double average = mean(series.nll);
  out.perplexity = std::exp(average);
  out.perplexity_stderr = *out.perplexity * standard_error(series.nll, average);
}

}  // namespace

double quantile(const std::vector<double>& ascending, double q) {
  const double place = q * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  return ascending[below] + (place - static_cast<double>(below)) * (ascending[above] - ascending[below]);
}

void summarize(const Series& series, Measurement& out) {
  out.tokens_scored = static_cast<std::int64_t>(series.size());
  if (series.classes > 0) {
    summarize_classes(series, out);
  } else {
    summarize_likelihood(series, out);
  }
  if (series.kl.empty()) return;
  const double kl = mean(series.kl);
  out.kl_mean = kl;
  out.kl_stderr = standard_error(series.kl, kl);
  std::vector<double> ascending = series.kl;
  std::sort(ascending.begin(), ascending.end());
  out.kl_median = quantile(ascending, 0.5);
  out.kl_p90 = quantile(ascending, 0.9);
  out.kl_p99 = quantile(ascending, 0.99);
  out.kl_p999 = quantile(ascending, 0.999);
  out.kl_max = ascending.back();
  const auto n = static_cast<double>(series.kl.size());
  out.top1_agreement = mean(series.same_top1);
  if (!series.top5_overlap.empty()) out.top5_agreement = mean(series.top5_overlap);
  if (series.delta_p.empty()) return;
  double squares = 0;
  for (const double d : series.delta_p) squares += d * d;
  out.delta_p_rms = std::sqrt(squares / n);
}

}  // namespace kerf::eval
