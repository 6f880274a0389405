#pragma once

#include <string>

#include "kerf/attribution.h"

#include "api/open_model.h"

namespace kerf::api {

/// The recipe that meets options.target, measured with the method, transforms and calibration of `choice`; never worse
/// than the best candidate with one scheme for all weights that is not larger. Error(kUsage) if no mixture of the
/// schemes meets it, saying what the best one reaches. `report` gets what was found.
std::string recipe_for_target(const QuantizeOptions& options, const QuantizationChoice& choice, const OpenModel& model,
                              const Resources& resources, TargetReport& report);

}  // namespace kerf::api
