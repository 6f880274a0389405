#include "formats/onnx/export/graph_writer.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "formats/onnx/dtypes.h"

namespace kerf::formats::onnx {
namespace {

void set_attribute(proto::AttributeProto& attribute, const graph::AttributeValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    attribute.set_type(proto::AttributeProto::INT);
    attribute.set_i(*integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    attribute.set_type(proto::AttributeProto::FLOAT);
    attribute.set_f(static_cast<float>(*number));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    attribute.set_type(proto::AttributeProto::STRING);
    attribute.set_s(*text);
  } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
    attribute.set_type(proto::AttributeProto::INTS);
    for (const std::int64_t entry : *integers) attribute.add_ints(entry);
  } else {
    attribute.set_type(proto::AttributeProto::FLOATS);
    for (const double entry : std::get<std::vector<double>>(value)) attribute.add_floats(static_cast<float>(entry));
  }
}

void set_type(proto::ValueInfoProto& info, const std::string& name, std::int32_t data_type,
              const std::vector<std::string>& axes) {
  info.set_name(name);
  auto* type = info.mutable_type()->mutable_tensor_type();
  type->set_elem_type(data_type);
  for (const std::string& axis : axes) {
    auto* dim = type->mutable_shape()->add_dim();
    if (std::all_of(axis.begin(), axis.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      dim->set_dim_value(std::stoll(axis));
    } else {
      dim->set_dim_param(axis);
    }
  }
}

}  // namespace

std::vector<std::string> GraphWriter::nodes(std::string_view op, std::vector<std::string> inputs, std::size_t outputs,
                                            const graph::Attributes& attributes, std::string_view domain) {
  while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
  const std::string name = next_name(op);
  proto::NodeProto& node = *graph_.add_node();
  node.set_name(name);
  node.set_op_type(std::string(op));
  if (domain != kDefaultDomain) node.set_domain(std::string(domain));
  for (const std::string& input : inputs) node.add_input(input);
  std::vector<std::string> results;
  for (std::size_t i = 0; i < outputs; ++i) {
    results.push_back(fmt::format("{}_output_{}", name, i));
    node.add_output(results.back());
  }
  for (const auto& [key, value] : attributes.entries()) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(key);
    set_attribute(attribute, value);
  }
  return results;
}

void GraphWriter::drop_outputs(const std::vector<std::string>& outputs) {
  for (std::string& output : *graph_.mutable_node(graph_.node_size() - 1)->mutable_output()) {
    if (std::find(outputs.begin(), outputs.end(), output) != outputs.end()) output.clear();
  }
}

std::string GraphWriter::next_name(std::string_view op) {
  std::string name = fmt::format("/{}/{}", place_, op);
  if (const int uses = names_[name]++; uses > 0) name += fmt::format("_{}", uses);
  return name;
}

void GraphWriter::use_domain(std::string_view domain, std::int64_t version) {
  for (const auto& known : model_.opset_import()) {
    if (known.domain() == domain) return;
  }
  auto* import = model_.add_opset_import();
  import->set_domain(std::string(domain));
  import->set_version(version);
}

std::string GraphWriter::constant(const Tensor& values) {
  const std::string bytes(reinterpret_cast<const char*>(values.raw()), values.bytes());
  const std::string key = fmt::format("{} {} {}", static_cast<int>(values.dtype()), to_string(values.shape()), bytes);
  const auto [known, is_new] = constants_.try_emplace(key, fmt::format("constants.{}", constants_.size()));
  if (!is_new) return known->second;
  proto::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(known->second);
  tensor.set_data_type(static_cast<std::int32_t>(data_type_of(values.dtype())));
  for (const std::int64_t dim : values.shape()) tensor.add_dims(dim);
  tensor.set_raw_data(bytes);
  return known->second;
}

std::string GraphWriter::integers(std::vector<std::int64_t> values) {
  return constant(Tensor::from<std::int64_t>({std::ssize(values)}, std::span<const std::int64_t>(values)));
}

std::string GraphWriter::integer(std::int64_t value) {
  return constant(Tensor::from<std::int64_t>({}, std::span<const std::int64_t>(&value, 1)));
}

std::string GraphWriter::scalar(float value) {
  return constant(Tensor::from<float>({}, std::span<const float>(&value, 1)));
}

void GraphWriter::streamed(const std::string& name, const Shape& shape, std::int32_t data_type, std::uint64_t bytes) {
  proto::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(data_type);
  for (const std::int64_t dim : shape) tensor.add_dims(dim);
  tensor.mutable_place()->set_bytes(bytes);
}

void GraphWriter::input(const std::string& name, std::int32_t data_type, const std::vector<std::string>& axes) {
  set_type(*graph_.add_input(), name, data_type, axes);
}

void GraphWriter::output(const std::string& name, std::int32_t data_type, const std::vector<std::string>& axes) {
  set_type(*graph_.add_output(), name, data_type, axes);
}

void GraphWriter::rename(const std::string& value, const std::string& name) {
  for (proto::NodeProto& node : *graph_.mutable_node()) {
    for (std::string& input : *node.mutable_input()) {
      if (input == value) input = name;
    }
    for (std::string& output : *node.mutable_output()) {
      if (output == value) output = name;
    }
  }
}

}  // namespace kerf::formats::onnx
