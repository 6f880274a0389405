#pragma once

#include <string>
#include <vector>

#include "codec/activation.h"
#include "formats/onnx/quantized/weight_form.h"

namespace kerf::formats::onnx {

/// Activations that are rounded by a calibrated range before a product: QuantizeLinear and DequantizeLinear, INT8 where
/// the range is symmetric, else UINT8.
struct RoundedInput {
  std::string name;                                     ///< what the names of its initializers begin with
  codec::ActivationScheme scheme;                       ///< static, 8-bit integers
  std::int32_t float_type = proto::TensorProto::FLOAT;  ///< of the activations
};

/// Why there are no such operators for a scheme of activations; nullopt if there are.
std::optional<std::string> rounding_refusal(const codec::ActivationScheme& scheme);
std::vector<PlannedTensor> plan_rounding(const RoundedInput& input);
TensorBytes encode_rounding(const RoundedInput& input, const codec::ActivationParams& params);
/// Appends the nodes, once for each value `activations`; the name of the rounded one.
std::string add_rounding(const RoundedInput& input, const std::string& activations, NodeList& list);

}  // namespace kerf::formats::onnx
