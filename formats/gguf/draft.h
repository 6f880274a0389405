#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "description/description.h"
#include "formats/gguf/architecture.h"
#include "formats/gguf/rope.h"
#include "formats/gguf/writer.h"

namespace kerf::formats::gguf {

/// The tensors of a file on their way into a plan.
struct Draft {
  std::vector<TensorInfo> infos;  ///< without offsets
  std::vector<FileTensor> tensors;
};

/// Gives every tensor its name, storage and place, and gathers stacks. Error(kUsage) naming the tensor that cannot be
/// held exactly, is not part of the architecture, or is missing. What is worth knowing is added to `notes`.
Draft draft_tensors(const description::Model& model, const Architecture& architecture,
                    std::span<const PlannedTensor> tensors, std::vector<std::string>& notes);

void add_rope_factors(const RopeFactors& factors, Draft& draft);

}  // namespace kerf::formats::gguf
