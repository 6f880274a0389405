#include "eval/summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kerf::eval {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Standard error of the mean of values taken as independent.
double standard_error(const std::vector<double>& values, double average) {
  if (values.size() < 2) return 0;
  double squares = 0;
  for (const double v : values) squares += (v - average) * (v - average);
  const auto n = static_cast<double>(values.size());
  return std::sqrt(squares / n / (n - 1));
}

}  // namespace

double quantile(const std::vector<double>& ascending, double q) {
  const double place = q * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  return ascending[below] + (place - static_cast<double>(below)) * (ascending[above] - ascending[below]);
}

void summarize(const Series& series, Measurement& out) {
  const double average = mean(series.nll);
  out.perplexity = std::exp(average);
  out.perplexity_stderr = out.perplexity * standard_error(series.nll, average);
  out.tokens_scored = static_cast<std::int64_t>(series.nll.size());
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
  out.top1_agreement = std::accumulate(series.same_top1.begin(), series.same_top1.end(), 0.0) / n;
  out.top5_agreement = std::accumulate(series.top5_overlap.begin(), series.top5_overlap.end(), 0.0) / n;
  double squares = 0;
  for (const double d : series.delta_p) squares += d * d;
  out.delta_p_rms = std::sqrt(squares / n);
}

}  // namespace kerf::eval
