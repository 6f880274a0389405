#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emit/target.h"
#include "graph/graph.h"

namespace kerf::emit {

/// What a finished output was found to hold.
struct ReadBack {
  /// Fingerprint of all dequantized values in the order of `model.tensors`, the same for any file with these weights:
  /// combined from parts of hashed_rows() (emit/weight_hash.h).
  std::string weights_hash;
  struct Values {
    std::string hash;                      ///< the same of this tensor alone
    std::optional<double> relative_error;  ///< root of the squared error over the squared values of the original
  };
  std::vector<Values> tensors;  ///< as in `model.tensors`
};

/// Opens a finished output as any model, and compares every weight's dequantized values bit for bit with what was
/// measured. Error(kMachine) naming the tensor and
/// element if one differs: then the output must not get its final name.
ReadBack read_back(const std::string& path, const EmitModel& model);

}  // namespace kerf::emit
