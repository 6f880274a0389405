#pragma once

#include <algorithm>
#include <vector>

#include "calibration/histogram.h"
#include "calibration/statistics.h"
#include "codec/value_range.h"

namespace kerf::quant {

/// The range of all channels together; 0 is in it.
inline codec::ValueRange seen_range(const calibration::Statistics& statistics) {
  const auto low = statistics.state("min").values<double>(), high = statistics.state("max").values<double>();
  return {static_cast<float>(*std::min_element(low.begin(), low.end())),
          static_cast<float>(*std::max_element(high.begin(), high.end()))};
}

inline float magnitude(const codec::ValueRange& range) { return std::max(range.high, -range.low); }

/// `range` without what is beyond +-limit.
inline codec::ValueRange clipped(const codec::ValueRange& range, float limit) {
  return {std::max(range.low, -limit), std::min(range.high, limit)};
}

/// Counts by distance from 0, both signs together: [0] the middle bin.
inline std::vector<double> counts_by_magnitude(const calibration::Statistics& statistics) {
  using calibration::Histogram;
  const auto counts = statistics.state("histogram").values<double>();
  std::vector<double> sums(static_cast<std::size_t>(Histogram::kSide) + 1);
  for (std::size_t d = 0; d < sums.size(); ++d) {
    const auto middle = static_cast<std::size_t>(Histogram::kSide);
    sums[d] = counts[middle + d] + (d == 0 ? 0.0 : counts[middle - d]);
  }
  return sums;
}

}  // namespace kerf::quant
