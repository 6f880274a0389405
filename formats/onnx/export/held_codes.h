#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/onnx/quantized/rounded_input.h"
#include "formats/onnx/quantized/weight_form.h"
#include "graph/graph.h"

namespace kerf::formats::onnx {

/// Initializers that stand in place of a weight of the graph: its codes in some form, or what its activations are
/// rounded by. Their values are made when the file is written.
struct HeldCodes {
  graph::ValueId weight = graph::kNoValue;
  std::vector<std::string> initializers;  ///< in the order of encode()
  const WeightForm* form = nullptr;       ///< null: `rounding`
  QuantizedWeight quantized{};
  std::optional<RoundedInput> rounding{};
};

class Exporter;

/// x [..., in] times a quantized weight: [..., out], with its bias if that is not empty.
std::string quantized_product(Exporter& exporter, graph::ValueId weight, const std::string& x, const std::string& bias);
/// Rows of a quantized table.
std::string quantized_rows(Exporter& exporter, graph::ValueId weight, const std::string& ids);
/// A quantized weight as floats.
std::string quantized_matrix(Exporter& exporter, graph::ValueId weight);

}  // namespace kerf::formats::onnx
