#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "formats/onnx/patch/model_patch.h"
#include "formats/onnx/patch/operands.h"
#include "formats/onnx/quantized/rounded_input.h"

namespace kerf::formats::onnx {

/// Initializers that one tensor becomes, and what makes their values.
struct TensorJob {
  enum class Makes { kCodes, kFloats, kRounding };
  Makes makes = Makes::kCodes;
  std::size_t tensor = 0;  ///< index of the planned ones
  const WeightForm* form = nullptr;
  QuantizedWeight weight{};            ///< kCodes
  RoundedInput rounding{};             ///< kRounding
  std::vector<std::size_t> sharing{};  ///< kRounding: tensors whose input is rounded by the same numbers
  bool turned = false;                 ///< kFloats: written as [in, out]
  std::vector<PlannedTensor> planned{};
  std::vector<std::size_t> parts{};  ///< which of the form's tensors they are
};

/// What is changed in a file.
struct PatchEdits {
  std::vector<TensorJob> jobs;
  std::map<std::string, TensorJob> rewritten;  ///< initializers that keep their name, dtype and shape
  std::set<std::string> removed;               ///< initializers
  std::int64_t opset = 0;                      ///< that the new nodes need of the default domain
  bool microsoft = false;
  std::vector<std::string> notes;
  std::vector<DType> held;  ///< by tensor
};

/// Finds where each tensor is in the file and changes the nodes there. Errors as ModelPatch's.
PatchEdits plan_edits(ModelFile& file, const ImportedOnnx& model, std::span<const PatchTensor> tensors,
                      const PatchOptions& options, NodeTree& tree);

}  // namespace kerf::formats::onnx
