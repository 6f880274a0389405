#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace kerf::report {

enum class Better { kLower, kHigher, kNeither };

/// What of a noise floor a metric's distance from "no drift at all" is held against.
enum class Floor { kNone, kKlMean, kKlMax, kLogRatio, kDeltaP, kTop1 };

/// A figure of a measurement by its JSON key: what reports explain and policies limit.
struct Metric {
  std::string_view key, summary;
  Better better = Better::kLower;
  Floor floor = Floor::kNone;
  double at_rest = 0;     ///< value without any drift, from which the floor is a distance
  bool is_bytes = false;  ///< may be written as "14MB"
};

const std::vector<Metric>& all_metrics();
/// nullptr if there is none of that name.
const Metric* find_metric(std::string_view key);

/// The least distance from rest that means anything, by a report's `noise_floor`; nullopt where it does not say.
std::optional<double> floor_of(const Metric& metric, const Json& noise_floor);

}  // namespace kerf::report
