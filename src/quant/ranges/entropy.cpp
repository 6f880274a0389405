#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "quant/range_rule.h"
#include "quant/ranges/seen.h"

namespace kerf::quant {
namespace {

using calibration::Histogram;

constexpr std::size_t kBins = 2048, kStep = 8;

/// Equal bins of |x| from 0 to `limit`; what a bin of the observer holds is spread evenly.
std::vector<double> equal_bins(const calibration::Statistics& statistics, float limit) {
  const std::vector<double> counts = counts_by_magnitude(statistics);
  const double width = static_cast<double>(limit) / kBins;
  std::vector<double> result(kBins);
  for (std::size_t d = 0; d < counts.size(); ++d) {
    if (counts[d] == 0) continue;
    const auto bin = Histogram::kSide + static_cast<std::int64_t>(d);
    const double low = std::min<double>(Histogram::smallest(bin), limit) / width;
    const double high = std::max(std::min<double>(Histogram::largest(bin), limit) / width, low + 1e-9);
    for (auto i = static_cast<std::size_t>(low); i < kBins && static_cast<double>(i) < high; ++i) {
      const double from = std::max(low, static_cast<double>(i)), to = std::min(high, static_cast<double>(i + 1));
      result[i] += counts[d] * (to - from) / (high - low);
    }
    if (low >= kBins) result.back() += counts[d];
  }
  return result;
}

/// KL(P || Q) of the first `used` bins: P with everything beyond in the last, Q the same bins at `levels` levels, each
/// spread over those of its bins that are not empty. A bin that only P has counts with a small probability.
double divergence(std::span<const double> bins, std::size_t used, std::size_t levels) {
  constexpr double kSmallest = 1e-9;
  std::vector<double> p(bins.begin(), bins.begin() + static_cast<std::ptrdiff_t>(used)), q(used, 0.0);
  for (std::size_t level = 0; level < levels; ++level) {
    const std::size_t begin = level * used / levels, end = (level + 1) * used / levels;
    double sum = 0, filled = 0;
    for (std::size_t i = begin; i < end; ++i) {
      sum += p[i];
      filled += p[i] > 0 ? 1 : 0;
    }
    for (std::size_t i = begin; i < end; ++i) q[i] = p[i] > 0 ? sum / filled : 0;
  }
  p.back() += std::accumulate(bins.begin() + static_cast<std::ptrdiff_t>(used), bins.end(), 0.0);
  const double p_total = std::accumulate(p.begin(), p.end(), 0.0), q_total = std::accumulate(q.begin(), q.end(), 0.0);
  if (p_total == 0 || q_total == 0) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (std::size_t i = 0; i < used; ++i) {
    if (p[i] > 0) sum += p[i] / p_total * std::log(p[i] / p_total / std::max(q[i] / q_total, kSmallest));
  }
  return sum;
}

codec::ValueRange choose(const calibration::Statistics& statistics, const codec::ActivationScheme& scheme,
                         const RangeChoice&) {
  if (scheme.kind != codec::ActivationScheme::Kind::kInteger) {
    throw_usage(
        fmt::format("the range rule entropy counts levels, which {} has not; use mse or percentile", scheme.name));
  }
  const codec::ValueRange seen = seen_range(statistics);
  const float limit = magnitude(seen);
  if (limit == 0) return seen;
  const std::vector<double> bins = equal_bins(statistics, limit);
  const std::size_t levels = std::size_t{1} << (scheme.bits - 1);
  std::size_t best = kBins;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t used = levels; used <= kBins; used += kStep) {
    const double found = divergence(bins, used, levels);
    if (found > least) continue;
    least = found;
    best = used;
  }
  return clipped(seen, limit * static_cast<float>(best) / kBins);
}

}  // namespace

extern const RangeRule entropy_range;
const RangeRule entropy_range{
    .name = "entropy",
    .summary = "|x| up to the limit for which the rounded distribution has the least KL divergence from the real one",
    .source = "Migacz 2017, 8-bit Inference with TensorRT",
    .observers = {"min", "max", "histogram"},
    .choose = choose,
};

}  // namespace kerf::quant
