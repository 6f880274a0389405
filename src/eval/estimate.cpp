#include "eval/estimate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"
#include "core/threads.h"
#include "eval/spread.h"

namespace kerf::eval {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;
constexpr std::uint64_t kSeed = 0;
constexpr std::size_t kMostResamples = 1000, kFewestResamples = 200;
/// Values that all resamples together may look at.
constexpr std::size_t kMostWork = 400'000'000;

/// The values in ascending order, with the batch of each.
struct Sorted {
  std::vector<double> values;
  std::vector<std::size_t> batch;
};

Sorted sorted(std::span<const double> values, const Layout& layout) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  Sorted result;
  for (const std::size_t i : order) {
    result.values.push_back(values[i]);
    result.batch.push_back(layout.batch[i]);
  }
  return result;
}

/// Quantiles of the values, each taken as often as its batch was drawn. `quantiles` ascend.
std::vector<double> drawn_quantiles(const Sorted& sorted, const std::vector<std::int64_t>& times,
                                    std::span<const double> quantiles) {
  std::int64_t total = 0;
  for (const std::size_t b : sorted.batch) total += times[b];
  std::vector<double> found;
  std::int64_t seen = 0;
  std::size_t at = 0;
  const auto value_of_rank = [&](std::int64_t rank) {
    while (at + 1 < sorted.values.size() && seen + times[sorted.batch[at]] <= rank) seen += times[sorted.batch[at++]];
    return sorted.values[at];
  };
  for (const double q : quantiles) {
    const double place = q * static_cast<double>(total - 1);
    const auto below = static_cast<std::int64_t>(place);
    const double low = value_of_rank(below);
    // The next rank may be a value that the next quantile looks at again: keep the cursor before it.
    const std::size_t at_before = at;
    const std::int64_t seen_before = seen;
    const double high = value_of_rank(std::min(below + 1, total - 1));
    at = at_before;
    seen = seen_before;
    found.push_back(low + (place - static_cast<double>(below)) * (high - low));
  }
  return found;
}

}  // namespace

double t_quantile(std::size_t degrees_of_freedom) {
  if (degrees_of_freedom == 1) return 12.706204736432095;
  if (degrees_of_freedom == 2) return 4.302652729696142;
  // Expansion about the normal distribution (Abramowitz & Stegun 26.7.5): from 3 degrees on within 0.1 %.
  const auto n = static_cast<double>(degrees_of_freedom);
  const double z = kNormalQuantile, z2 = z * z;
  const double a = z * (z2 + 1) / 4, b = z * ((5 * z2 + 16) * z2 + 3) / 96,
               c = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384,
               d = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
  return z + a / n + b / (n * n) + c / (n * n * n) + d / (n * n * n * n);
}

std::optional<Estimate> estimate_from_sums(std::span<const double> sums, std::span<const double> counts) {
  if (sums.size() < 2) return std::nullopt;
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  const auto batches = static_cast<double>(sums.size());
  Estimate estimate;
  estimate.value = std::accumulate(sums.begin(), sums.end(), 0.0) / total;
  double squares = 0;
  for (std::size_t b = 0; b < sums.size(); ++b) {
    const double residual = sums[b] - estimate.value * counts[b];
    squares += residual * residual;
  }
  estimate.error = std::sqrt(batches / (batches - 1) * squares) / total;
  const double reach = t_quantile(sums.size() - 1) * estimate.error;
  estimate.low = estimate.value - reach;
  estimate.high = estimate.value + reach;
  return estimate;
}

std::optional<Estimate> estimate_mean(std::span<const double> values, const Layout& layout) {
  std::vector<double> sums(layout.batches), counts(layout.batches);
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums[layout.batch[i]] += values[i];
    counts[layout.batch[i]] += 1;
  }
  return estimate_from_sums(sums, counts);
}

std::optional<std::vector<Estimate>> estimate_quantiles(std::span<const double> values,
                                                        std::span<const double> quantiles, const Layout& layout) {
  if (layout.batches < 2) return std::nullopt;
  const Sorted ascending = sorted(values, layout);
  const std::size_t resamples = std::clamp(kMostWork / values.size(), kFewestResamples, kMostResamples);
  std::vector<std::vector<std::int64_t>> draws(resamples, std::vector<std::int64_t>(layout.batches));
  Random random(kSeed);
  for (auto& times : draws) {
    for (std::size_t b = 0; b < layout.batches; ++b) ++times[random.below(layout.batches)];
  }
  std::vector<std::vector<double>> found(resamples);
  parallel_for(static_cast<std::int64_t>(resamples), [&](std::int64_t r) {
    const auto i = static_cast<std::size_t>(r);
    found[i] = drawn_quantiles(ascending, draws[i], quantiles);
  });
  const auto batches = static_cast<double>(layout.batches);
  const double widen = t_quantile(layout.batches - 1) / kNormalQuantile * std::sqrt(batches / (batches - 1));
  std::vector<Estimate> estimates;
  for (std::size_t q = 0; q < quantiles.size(); ++q) {
    std::vector<double> drawn;
    for (const auto& one : found) drawn.push_back(one[q]);
    std::sort(drawn.begin(), drawn.end());
    const double mean = std::accumulate(drawn.begin(), drawn.end(), 0.0) / static_cast<double>(resamples);
    double squares = 0;
    for (const double d : drawn) squares += (d - mean) * (d - mean);
    Estimate estimate{.value = quantile(ascending.values, quantiles[q])};
    estimate.error = std::sqrt(squares / static_cast<double>(resamples - 1));
    estimate.low = estimate.value - widen * std::max(estimate.value - quantile(drawn, 0.025), 0.0);
    estimate.high = estimate.value + widen * std::max(quantile(drawn, 0.975) - estimate.value, 0.0);
    estimates.push_back(estimate);
  }
  return estimates;
}

}  // namespace kerf::eval
