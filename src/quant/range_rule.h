#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "calibration/statistics.h"
#include "codec/activation.h"

namespace kerf::quant {

/// A rule as a user chose it.
struct RangeRule;
struct RangeChoice {
  const RangeRule* rule = nullptr;
  double percentile = 99.99;  ///< for the rule of that name
  std::string name() const;   ///< "mse", "percentile-99.9"
  bool operator==(const RangeChoice&) const = default;
};

/// How the range of a static activation quantizer follows from what was seen; src/quant/ranges.def lists them all, each
/// one file in src/quant/ranges.
struct RangeRule {
  std::string_view name;
  std::string_view summary;  ///< with the formula
  std::string_view source;
  std::vector<std::string> observers;
  codec::ValueRange (*choose)(const calibration::Statistics& statistics, const codec::ActivationScheme& scheme,
                              const RangeChoice& choice);
};

const std::vector<const RangeRule*>& range_rules();
/// "mse", "percentile", "percentile-99.9"; empty: the default. Error(kUsage) with the nearest name if there is none.
RangeChoice parse_range(std::string_view name);

}  // namespace kerf::quant
