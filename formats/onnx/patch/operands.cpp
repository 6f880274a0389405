#include "formats/onnx/patch/operands.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "codec/float_codec.h"
#include "formats/onnx/node_builder.h"

namespace kerf::formats::onnx {
namespace {

constexpr int kMaxViews = 64;

const proto::AttributeProto* find_attribute(const proto::NodeProto& node, std::string_view name) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

bool is_view(const proto::NodeProto& node) {
  constexpr std::array<std::string_view, 7> kViews = {"Transpose", "Identity",  "Reshape", "Cast",
                                                      "Squeeze",   "Unsqueeze", "Flatten"};
  return canonical_domain(node.domain()).empty() && node.input_size() > 0 &&
         std::find(kViews.begin(), kViews.end(), node.op_type()) != kViews.end();
}

/// A scalar of the dtype that the graph computes in.
proto::NodeProto number(const std::string& name, float value, std::int32_t type) {
  proto::NodeProto node = NodeBuilder("Constant").named(name).makes({name}).build();
  auto* attribute = node.add_attribute();
  attribute->set_name("value");
  attribute->set_type(proto::AttributeProto::TENSOR);
  attribute->mutable_t()->set_data_type(type);
  std::string raw(sizeof(value), '\0');
  std::memcpy(raw.data(), &value, sizeof(value));
  if (type != proto::TensorProto::FLOAT) {
    const std::uint16_t half =
        type == proto::TensorProto::FLOAT16 ? codec::f32_to_f16(value) : codec::f32_to_bf16(value);
    raw.assign(reinterpret_cast<const char*>(&half), sizeof(half));
  }
  attribute->mutable_t()->set_raw_data(raw);
  return node;
}

bool is_vector(const proto::TensorProto* tensor, std::int64_t extent) {
  return tensor != nullptr && tensor->dims_size() == 1 && tensor->dims(0) == extent;
}

}  // namespace

std::int64_t int_attribute(const proto::NodeProto& node, std::string_view name, std::int64_t fallback) {
  const auto* found = find_attribute(node, name);
  return found == nullptr ? fallback : found->i();
}

float float_attribute(const proto::NodeProto& node, std::string_view name, float fallback) {
  const auto* found = find_attribute(node, name);
  return found == nullptr ? fallback : found->f();
}

std::optional<Operand> operand_of(const proto::NodeProto& node) {
  const std::string domain = canonical_domain(node.domain());
  const std::string& op = node.op_type();
  const auto operand = [&](int input, bool turned, bool is_table, bool is_product) -> std::optional<Operand> {
    if (input >= node.input_size() || node.input(input).empty()) return std::nullopt;
    return Operand{input, node.input(input), turned, is_table, is_product};
  };
  if (domain.empty() && op == "MatMul") return operand(1, true, false, true);
  if (domain.empty() && op == "Gemm") return operand(1, int_attribute(node, "transB", 0) == 0, false, true);
  if (domain.empty() && op == "Gather") return operand(0, false, true, false);
  if (domain == kMicrosoftDomain && op == "FusedMatMul") {
    return operand(1, int_attribute(node, "transB", 0) == 0, false, false);
  }
  if (domain == kMicrosoftDomain && op == "Attention") return operand(1, true, false, false);
  return std::nullopt;
}

Origin::Origin(const proto::GraphProto& graph, std::unordered_map<std::string, Slot*> producers)
    : producers_(std::move(producers)) {
  for (const auto& tensor : graph.initializer()) initializers_.emplace(tensor.name(), &tensor);
}

const proto::TensorProto* Origin::initializer(const std::string& name) const {
  const auto found = initializers_.find(name);
  return found == initializers_.end() ? nullptr : found->second;
}

Slot* Origin::producer(const std::string& name) const {
  const auto found = producers_.find(name);
  return found == producers_.end() ? nullptr : found->second;
}

std::string Origin::viewed(const std::string& name) const {
  const Slot* slot = producer(name);
  return slot == nullptr || !is_view(slot->node) ? std::string() : slot->node.input(0);
}

std::int32_t Origin::float_type(const std::string& name) const {
  std::string at = name;
  for (int i = 0; i < kMaxViews; ++i) {
    if (const auto* tensor = initializer(at)) return tensor->data_type();
    const Slot* slot = producer(at);
    if (slot == nullptr || slot->node.input_size() == 0) break;
    if (slot->node.op_type() == "Cast") {
      return static_cast<std::int32_t>(int_attribute(slot->node, "to", proto::TensorProto::FLOAT));
    }
    at = slot->node.input(slot->node.op_type() == "DequantizeLinear" && slot->node.input_size() > 1 ? 1 : 0);
  }
  return proto::TensorProto::FLOAT;
}

void add_product(const proto::NodeProto& node, const QuantizedWeight& weight, const WeightForm& form,
                 const FormOptions& options, const Origin& origin, NodeList& list) {
  const std::string output = node.output(0), name = node.name().empty() ? output : node.name();
  WeightUse use{.input = node.input(0), .output = output, .node = name};
  const auto add = [&](std::string_view op, std::string_view part, std::vector<std::string> inputs, std::string made) {
    NodeBuilder builder(op);
    builder.named(name + std::string(part)).reads(std::move(inputs)).makes({std::move(made)});
    list.nodes.push_back(builder.build());
  };
  const float alpha = float_attribute(node, "alpha", 1), beta = float_attribute(node, "beta", 1);
  const std::string bias = node.op_type() == "Gemm" && node.input_size() > 2 ? node.input(2) : "";
  if (node.op_type() == "Gemm" && int_attribute(node, "transA", 0) != 0) {
    use.input = output + "_transposed";
    list.nodes.push_back(NodeBuilder("Transpose")
                             .named(use.input)
                             .reads({node.input(0)})
                             .makes({use.input})
                             .with("perm", std::vector<std::int64_t>{1, 0})
                             .build());
  }
  const bool bias_inside = !bias.empty() && alpha == 1 && beta == 1 && is_vector(origin.initializer(bias), weight.rows);
  const bool bias_after = !bias.empty() && !bias_inside;
  if (bias_inside) use.bias = bias;
  if (alpha != 1 || bias_after) use.output = output + "_product";
  form.add_nodes(weight, use, options, list);
  if (alpha != 1) {
    list.nodes.push_back(number(output + "_alpha", alpha, weight.float_type));
    add("Mul", "_scaled", {use.output, output + "_alpha"}, bias_after ? output + "_scaled" : output);
    use.output = output + "_scaled";
  }
  if (!bias_after) return;
  std::string added = bias;
  if (beta != 1) {
    added = output + "_bias";
    list.nodes.push_back(number(output + "_beta", beta, weight.float_type));
    add("Mul", "_bias", {bias, output + "_beta"}, added);
  }
  add("Add", "_biased", {use.output, added}, output);
}

}  // namespace kerf::formats::onnx
