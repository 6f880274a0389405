#pragma once

#include <vector>

#include "kerf/kerf.h"

#include "emit/weight_check.h"

namespace kerf::emit {

/// What the figures of one tensor give away; nothing if it is what rounding, with or without regard to data, makes of
/// the original. The limits stand in verdict.cpp, with what they were measured on.
std::vector<Finding> judge(const TensorVerification& tensor, const WeightFigures& figures);

}  // namespace kerf::emit
