#include <fmt/format.h>

#include "formats/onnx/node_builder.h"
#include "formats/onnx/quantized/integer_codes.h"

namespace kerf::formats::onnx {
namespace {

using Type = proto::TensorProto;

std::optional<std::string> refusal(const QuantizedWeight& weight) {
  if (auto why = integer_refusal(weight.scheme)) return why;
  if (weight.scheme.bits != 8 || weight.scheme.group_width(weight.cols) < weight.cols) {
    return "MatMulInteger has bytes, and a scale for all of a column";
  }
  return std::nullopt;
}

std::int64_t opset(const QuantizedWeight&) { return 11; }

/// Always there: the operator has one for each column, or one.
std::string points_name(const QuantizedWeight& weight) { return weight.name + "_zero_point"; }

std::vector<PlannedTensor> plan(const QuantizedWeight& weight) {
  const std::int32_t type = has_zero_points(weight) ? Type::UINT8 : Type::INT8;
  const bool single = weight.scheme.granularity == codec::Granularity::kTensor;
  const Shape shape = single ? Shape{} : Shape{weight.rows};
  return {{MatrixNames(weight).codes, type, {weight.cols, weight.rows}},
          {MatrixNames(weight).scales, Type::FLOAT, shape},
          {points_name(weight), type, shape}};
}

TensorBytes encode(const QuantizedWeight& weight, const codec::QuantizedTensor& tensor) {
  const std::vector<std::uint8_t> codes = turned(tensor.codes, tensor.rows, tensor.cols);
  const std::vector<std::uint8_t> zeros(tensor.scales.size(), 0);
  return {as_bytes(has_zero_points(weight) ? codes : centred(codes, 8)), exact_floats(plan(weight)[1], tensor.scales),
          as_bytes(has_zero_points(weight) ? tensor.zero_points : zeros)};
}

/// Codes of the activations with their one scale and zero point, for all products that read them.
void round_input(const QuantizedWeight& weight, const std::string& input, NodeList& list) {
  const std::string codes = input + "_quantized";
  if (!list.first(codes)) return;
  std::string floats = input;
  if (weight.float_type != Type::FLOAT) {
    floats = input + "_f32";
    list.nodes.push_back(
        NodeBuilder("Cast").named(floats).reads({input}).makes({floats}).with("to", std::int64_t{Type::FLOAT}).build());
  }
  list.nodes.push_back(NodeBuilder("DynamicQuantizeLinear")
                           .named(codes)
                           .reads({floats})
                           .makes({codes, input + "_scale", input + "_zero_point"})
                           .build());
}

void add_nodes(const QuantizedWeight& weight, const WeightUse& use, const FormOptions&, NodeList& list) {
  round_input(weight, use.input, list);
  const auto part = [&](std::string_view name) { return fmt::format("{}_{}", use.output, name); };
  const auto add = [&](std::string_view op, std::string_view name, std::vector<std::string> inputs,
                       std::string output) {
    NodeBuilder node(op);
    node.named(name.empty() ? use.node : fmt::format("{}_{}", use.node, name));
    list.nodes.push_back(node.reads(std::move(inputs)).makes({std::move(output)}).build());
  };
  const auto add_cast = [&](std::string_view name, std::string input, std::string output, std::int32_t to) {
    list.nodes.push_back(NodeBuilder("Cast")
                             .named(fmt::format("{}_{}", use.node, name))
                             .reads({std::move(input)})
                             .makes({std::move(output)})
                             .with("to", std::int64_t{to})
                             .build());
  };
  const bool is_f32 = weight.float_type == Type::FLOAT, has_bias = !use.bias.empty();
  const std::string product = has_bias ? part("product") : use.output;
  add("MatMulInteger", "",
      {use.input + "_quantized", MatrixNames(weight).codes, use.input + "_zero_point", points_name(weight)},
      part("integers"));
  add_cast("floats", part("integers"), part("floats"), Type::FLOAT);
  add("Mul", "scales", {use.input + "_scale", MatrixNames(weight).scales}, part("scales"));
  add("Mul", "scaled", {part("floats"), part("scales")}, is_f32 ? product : part("scaled"));
  if (!is_f32) add_cast("cast", part("scaled"), product, weight.float_type);
  if (has_bias) add("Add", "bias", {product, use.bias}, use.output);
}

std::string note(const QuantizedWeight&) { return ""; }

}  // namespace

const WeightForm& matmul_integer_form() {
  static const WeightForm form{.name = "MatMulInteger",
                               .summary = "bytes times activations that DynamicQuantizeLinear made bytes",
                               .source = "https://onnx.ai/onnx/operators/onnx__MatMulInteger.html",
                               .makes = WeightForm::Makes::kProduct,
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
