#include "formats/onnx/quantized/rounded_input.h"

#include <fmt/format.h>

#include "formats/onnx/node_builder.h"
#include "formats/onnx/quantized/integer_codes.h"

namespace kerf::formats::onnx {
namespace {

using Type = proto::TensorProto;

std::int32_t code_type(const RoundedInput& input) { return input.scheme.symmetric ? Type::INT8 : Type::UINT8; }
std::string scale_name(const RoundedInput& input) { return input.name + "_input_scale"; }
std::string point_name(const RoundedInput& input) { return input.name + "_input_zero_point"; }

proto::NodeProto cast(const std::string& from, const std::string& to, std::int32_t type) {
  return NodeBuilder("Cast").named(to).reads({from}).makes({to}).with("to", std::int64_t{type}).build();
}

}  // namespace

std::optional<std::string> rounding_refusal(const codec::ActivationScheme& scheme) {
  if (scheme.kind != codec::ActivationScheme::Kind::kInteger || scheme.bits != 8) {
    return "QuantizeLinear makes bytes here; --activations int8-static is near";
  }
  if (scheme.dynamic) {
    return "a range of each token's own has no operator; --activations int8-static is near, or --onnx-kind dynamic "
           "without --activations, whose ranges are of all tokens together";
  }
  return std::nullopt;
}

std::vector<PlannedTensor> plan_rounding(const RoundedInput& input) {
  return {{scale_name(input), Type::FLOAT, {}}, {point_name(input), code_type(input), {}}};
}

TensorBytes encode_rounding(const RoundedInput& input, const codec::ActivationParams& params) {
  const int middle = input.scheme.symmetric ? 0 : 128;
  return {exact_floats(plan_rounding(input)[0], {params.scale}),
          as_bytes({static_cast<std::uint8_t>(params.zero_point + middle)})};
}

std::string add_rounding(const RoundedInput& input, const std::string& activations, NodeList& list) {
  const std::string codes = fmt::format("{}_{}_quantized", activations, input.name);
  const bool is_f32 = input.float_type == Type::FLOAT;
  const std::string floats = is_f32 ? activations : codes + "_from", rounded = codes + "_rounded";
  const std::string result = is_f32 ? rounded : codes + "_cast";
  if (!list.first(codes)) return result;
  if (!is_f32) list.nodes.push_back(cast(activations, floats, Type::FLOAT));
  list.nodes.push_back(NodeBuilder("QuantizeLinear")
                           .named(codes)
                           .reads({floats, scale_name(input), point_name(input)})
                           .makes({codes})
                           .build());
  list.nodes.push_back(NodeBuilder("DequantizeLinear")
                           .named(rounded)
                           .reads({codes, scale_name(input), point_name(input)})
                           .makes({rounded})
                           .build());
  if (!is_f32) list.nodes.push_back(cast(rounded, result, input.float_type));
  return result;
}

}  // namespace kerf::formats::onnx
