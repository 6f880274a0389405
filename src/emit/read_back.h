#pragma once

#include <string>

#include "emit/target.h"
#include "graph/graph.h"

namespace kerf::emit {

/// Opens a finished output as any model, and compares every weight's dequantized values bit for bit with what was
/// measured. Returns the fingerprint of all values in the order of `model.tensors`,
/// the same for any file with these weights: combined from parts of whole rows, as many as 2^18 values hold, at least
/// one. Error(kMachine) naming the tensor and
/// element if one differs: then the output must not get its final name.
std::string read_back(const std::string& path, const EmitModel& model);

}  // namespace kerf::emit
