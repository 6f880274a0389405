#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "quant/range_rule.h"
#include "quant/ranges/seen.h"

namespace kerf::quant {
namespace {

using calibration::Histogram;

/// Index of the first count with which the sum reaches `wanted`.
std::size_t reach(std::span<const double> counts, double wanted) {
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sum += counts[i];
    if (sum >= wanted) return i;
  }
  return counts.size() - 1;
}

/// Symmetric: the share p of |x| is not above the limit. Otherwise half of what is left out lies on each side.
codec::ValueRange choose(const calibration::Statistics& statistics, const codec::ActivationScheme& scheme,
                         const RangeChoice& choice) {
  const codec::ValueRange seen = seen_range(statistics);
  const double share = choice.percentile / 100;
  if (scheme.symmetric) {
    const std::vector<double> counts = counts_by_magnitude(statistics);
    const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
    const auto distance = static_cast<std::int64_t>(reach(counts, share * total));
    return distance == Histogram::kSide ? seen : clipped(seen, Histogram::largest(Histogram::kSide + distance));
  }
  const auto counts = statistics.state("histogram").values<double>();
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0), tail = (1 - share) / 2 * total;
  const std::vector<double> backwards(counts.rbegin(), counts.rend());
  const auto high = static_cast<std::int64_t>(reach(counts, total - tail));
  const auto low = Histogram::kBins - 1 - static_cast<std::int64_t>(reach(backwards, total - tail));
  codec::ValueRange range = seen;
  if (high < Histogram::kBins - 1) {
    range.high = high > Histogram::kSide ? std::min(seen.high, Histogram::largest(high)) : 0.0F;
  }
  if (low > 0) range.low = low < Histogram::kSide ? std::max(seen.low, -Histogram::largest(low)) : 0.0F;
  return range;
}

}  // namespace

extern const RangeRule percentile_range;
const RangeRule percentile_range{
    .name = "percentile",
    .summary = "what holds 99.99 % of the values, or percentile-P: P %; of two sides half of the rest beyond each",
    .source = "Wu et al. 2020, arXiv:2004.09602, section 3.2",
    .observers = {"min", "max", "histogram"},
    .choose = choose,
};

}  // namespace kerf::quant
