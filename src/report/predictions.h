#pragma once

#include <string>
#include <vector>

#include "kerf/kerf.h"

#include "core/json.h"

namespace kerf::report {

/// [{"text", "probability"}, ...]; with "label" instead of "text" of a classifier, and "mask" before it where there are
/// masks.
Json predictions_json(const std::vector<Prediction>& predictions);
/// A table for each place.
std::string predictions_text(const std::vector<Prediction>& predictions);

}  // namespace kerf::report
