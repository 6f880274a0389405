#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/onnx/patch/patch_plan.h"
#include "formats/onnx/stored_tensor.h"

namespace kerf::formats::onnx {

/// A piece of the new file: text, or bytes of the old one; then, maybe, values.
struct FilePart {
  std::string text{};
  std::optional<FilePiece> copied{};
  int stored = -1;                 ///< values of an initializer that stays: index into FileParts::stored
  const TensorJob* job = nullptr;  ///< values that a job makes
  std::size_t planned = 0;         ///< which of the job's
  std::uint64_t bytes = 0;         ///< of the values
  bool external = false;           ///< the values are in the data file, at `offset`
  std::uint64_t offset = 0;

  /// In the model's file.
  std::uint64_t size() const { return text.size() + (copied ? copied->bytes() : 0) + (external ? 0 : bytes); }
};

/// A whole new file, part by part.
struct FileParts {
  std::vector<FilePart> parts;
  std::vector<StoredTensor> stored;
  std::uint64_t model_bytes = 0, data_bytes = 0, tensor_bytes = 0;
  bool external = false;
};

/// Lays the changed model out; values go to a data file if `external`. Error(kUsage) where an operator of an older
/// opset cannot be raised to the one that new nodes need.
FileParts lay_out(ModelFile& file, const FileIndex& index, NodeTree& tree, const PatchEdits& edits,
                  const PatchOptions& options, bool external);

}  // namespace kerf::formats::onnx
