#include "eval/intervals.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "eval/estimate.h"

namespace kerf::eval {
namespace {

using Intervals = std::map<std::string, Estimate, std::less<>>;

template <typename Value>
std::vector<double> as_doubles(const std::vector<Value>& values) {
  return {values.begin(), values.end()};
}

void add_mean(Intervals& out, const char* key, std::span<const double> values, const Layout& layout) {
  if (values.empty()) return;
  if (const auto estimate = estimate_mean(values, layout)) out[key] = *estimate;
}

/// An increasing function of an estimate; `slope` is its derivative there.
template <typename Function>
Estimate mapped(const Estimate& estimate, Function function, double slope) {
  return {function(estimate.value), slope * estimate.error, function(estimate.low), function(estimate.high)};
}

void add_likelihoods(Intervals& out, const Series& series, const Series* reference, const Layout& layout) {
  if (const auto nll = estimate_mean(series.nll, layout)) {
    const auto exponential = [](double x) { return std::exp(x); };
    if (series.classes == 0) out["perplexity"] = mapped(*nll, exponential, std::exp(nll->value));
  }
  if (reference == nullptr || series.classes > 0) return;
  std::vector<double> difference(series.nll.size());
  for (std::size_t i = 0; i < difference.size(); ++i) difference[i] = series.nll[i] - reference->nll[i];
  const auto ratio = estimate_mean(difference, layout);
  if (!ratio) return;
  out["perplexity_log_ratio"] = *ratio;
  out["perplexity_increase"] = mapped(
      *ratio, [](double x) { return std::expm1(x); }, std::exp(ratio->value));
}

void add_delta_p(Intervals& out, const Series& series, const Layout& layout) {
  add_mean(out, "delta_p_mean", series.delta_p, layout);
  std::vector<double> squares;
  for (const double d : series.delta_p) squares.push_back(d * d);
  const auto mean = estimate_mean(squares, layout);
  if (!mean) return;
  const auto root = [](double x) { return std::sqrt(std::max(x, 0.0)); };
  out["delta_p_rms"] = mapped(*mean, root, mean->value > 0 ? 0.5 / root(mean->value) : 0);
}

void add_kl_quantiles(Intervals& out, const Series& series, const Layout& layout) {
  constexpr std::array<double, 5> kQuantiles = {0.5, 0.9, 0.95, 0.99, 0.999};
  constexpr std::array<const char*, 5> kKeys = {"kl_median", "kl_p90", "kl_p95", "kl_p99", "kl_p999"};
  const auto estimates = estimate_quantiles(series.kl, kQuantiles, layout);
  if (!estimates) return;
  for (std::size_t q = 0; q < kKeys.size(); ++q) out[kKeys[q]] = (*estimates)[q];
}

}  // namespace

Intervals intervals_of(const Series& series, const Series* reference, const Layout& layout) {
  Intervals out;
  if (layout.batches < 2) return out;
  if (!series.nll.empty()) add_likelihoods(out, series, series.kl.empty() ? nullptr : reference, layout);
  add_mean(out, "entropy", series.entropy, layout);
  add_mean(out, "accuracy", as_doubles(series.right), layout);
  if (series.kl.empty()) return out;
  add_mean(out, "kl_mean", series.kl, layout);
  add_mean(out, "reverse_kl_mean", series.reverse_kl, layout);
  add_mean(out, "top1_agreement", as_doubles(series.same_top1), layout);
  add_mean(out, "top5_agreement", as_doubles(series.top5_overlap), layout);
  add_kl_quantiles(out, series, layout);
  if (!series.delta_p.empty()) add_delta_p(out, series, layout);
  return out;
}

}  // namespace kerf::eval
