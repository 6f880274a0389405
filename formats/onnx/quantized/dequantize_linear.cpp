#include <fmt/format.h>

#include "formats/onnx/node_builder.h"
#include "formats/onnx/quantized/integer_codes.h"

namespace kerf::formats::onnx {
namespace {

using Type = proto::TensorProto;

std::optional<std::string> refusal(const QuantizedWeight& weight) { return integer_refusal(weight.scheme); }

/// Scales of parts of a row: "blocks" of DequantizeLinear.
bool is_blocked(const QuantizedWeight& weight) {
  return weight.scheme.granularity == codec::Granularity::kGroup && weight.scheme.group_size < weight.cols;
}

/// Types of 4 bits and blocks came with opset 21, scales other than f32 with 19.
std::int64_t opset(const QuantizedWeight& weight) {
  if (is_blocked(weight) || weight.scheme.bits == 4) return 21;
  return weight.float_type == Type::FLOAT ? 13 : 19;
}

/// Scales are of the model's dtype where that holds them, and else f32, with a Cast behind.
std::int32_t scale_type(const QuantizedWeight& weight) {
  return holds(weight.float_type, weight.scheme.float_scale_dtype()) ? weight.float_type : Type::FLOAT;
}

std::int32_t code_type(const QuantizedWeight& weight) {
  if (weight.scheme.bits == 4) return has_zero_points(weight) ? Type::UINT4 : Type::INT4;
  return has_zero_points(weight) ? Type::UINT8 : Type::INT8;
}

Shape scales_shape(const QuantizedWeight& weight) {
  if (weight.scheme.granularity == codec::Granularity::kTensor) return {};
  if (!is_blocked(weight)) return {weight.rows};
  const std::int64_t groups = weight.scheme.groups(weight.cols);
  return weight.turned ? Shape{groups, weight.rows} : Shape{weight.rows, groups};
}

std::vector<PlannedTensor> plan(const QuantizedWeight& weight) {
  const Shape shape = weight.turned ? Shape{weight.cols, weight.rows} : Shape{weight.rows, weight.cols};
  std::vector<PlannedTensor> tensors = {{MatrixNames(weight).codes, code_type(weight), shape},
                                        {MatrixNames(weight).scales, scale_type(weight), scales_shape(weight)}};
  if (has_zero_points(weight)) tensors.push_back({MatrixNames(weight).points, code_type(weight), scales_shape(weight)});
  return tensors;
}

std::vector<std::byte> code_bytes(const QuantizedWeight& weight, std::vector<std::uint8_t> codes) {
  if (!has_zero_points(weight)) codes = centred(std::move(codes), weight.scheme.bits);
  return weight.scheme.bits == 4 ? packed_nibbles(codes) : as_bytes(codes);
}

TensorBytes encode(const QuantizedWeight& weight, const codec::QuantizedTensor& tensor) {
  const auto planned = plan(weight);
  const bool turn_scales = weight.turned && is_blocked(weight);
  const auto as_stored = [&](const auto& values, std::int64_t cols, bool turn) {
    return turn ? turned(values, tensor.rows, cols) : values;
  };
  TensorBytes bytes;
  bytes.push_back(code_bytes(weight, as_stored(tensor.codes, tensor.cols, weight.turned)));
  bytes.push_back(exact_floats(planned[1], as_stored(tensor.scales, tensor.groups(), turn_scales)));
  if (has_zero_points(weight)) {
    bytes.push_back(code_bytes(weight, as_stored(tensor.zero_points, tensor.groups(), turn_scales)));
  }
  return bytes;
}

void add_nodes(const QuantizedWeight& weight, const WeightUse& use, const FormOptions&, NodeList& list) {
  const bool casts = scale_type(weight) != weight.float_type;
  const std::string matrix = casts ? use.output + "_f32" : use.output;
  NodeBuilder node("DequantizeLinear");
  node.named(use.node).makes({matrix}).reads(
      {MatrixNames(weight).codes, MatrixNames(weight).scales, MatrixNames(weight).points});
  if (weight.scheme.granularity != codec::Granularity::kTensor) {
    // Of the rows that have a scale each, or of the columns that are cut into blocks.
    node.with("axis", std::int64_t{is_blocked(weight) != weight.turned ? 1 : 0});
  }
  if (is_blocked(weight)) node.with("block_size", weight.scheme.group_size);
  list.nodes.push_back(node.build());
  if (!casts) return;
  list.nodes.push_back(NodeBuilder("Cast")
                           .named(use.node + "_cast")
                           .reads({matrix})
                           .makes({use.output})
                           .with("to", std::int64_t{weight.float_type})
                           .build());
}

std::string note(const QuantizedWeight&) { return ""; }

}  // namespace

const WeightForm& dequantize_linear_form() {
  static const WeightForm form{.name = "DequantizeLinear",
                               .summary = "INT8, UINT8, INT4 or UINT4 made floats before the product",
                               .source = "https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html",
                               .makes = WeightForm::Makes::kMatrix,
                               .refusal = refusal,
                               .opset = opset,
                               .microsoft = false,
                               .plan = plan,
                               .encode = encode,
                               .add_nodes = add_nodes,
                               .codes_from_product = nullptr,
                               .note = note};
  return form;
}

}  // namespace kerf::formats::onnx
