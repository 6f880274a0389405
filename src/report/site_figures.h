#pragma once

#include <cstdint>
#include <optional>

#include "kerf/kerf.h"

namespace kerf::report {

/// What a candidate's tensors and sites come to. Absent: nothing says it.
struct SiteFigures {
  std::optional<std::int64_t> fallback_weights, reverted_sites;
  std::optional<double> fallback_share;                     ///< of the quantized weights' elements
  std::optional<double> layer_error_max, layer_error_mean;  ///< of the sites' output errors, where data measured them
};
SiteFigures site_figures(const Measurement& measurement);

}  // namespace kerf::report
