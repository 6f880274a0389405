#pragma once

#include <vector>

#include "kerf/kerf.h"

#include "description/description.h"

namespace kerf::emit {

/// Hyperparameters that two models state differently. A transform or pruning may change sizes; rope, epsilon and the
/// like never change.
std::vector<Finding> compare_descriptions(const description::Model& original, const description::Model& candidate);

}  // namespace kerf::emit
