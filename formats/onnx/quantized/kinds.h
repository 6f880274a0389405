#pragma once

#include <string_view>
#include <vector>

#include "formats/onnx/quantized/weight_form.h"

namespace kerf::formats::onnx {

/// One way of having a whole model's sites quantized: what `--onnx-kind` names. Listed in kinds.def, and defined in
/// kinds.cpp.
struct QuantizedKind {
  std::string_view name;
  std::string_view summary;  ///< one line for help and docs
  const WeightForm& product;
  const WeightForm& lookup;
  bool rounds_inputs;  ///< activations by calibrated ranges (quantized/rounded_input.h)
};

const std::vector<const QuantizedKind*>& quantized_kinds();
/// Error(kUsage) with the nearest name.
const QuantizedKind& find_kind(std::string_view name);

}  // namespace kerf::formats::onnx
