#include "graph/graph.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace kerf::graph {

const AttributeValue* Attributes::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (key == name) return &value;
  }
  return nullptr;
}

void Attributes::set(std::string name, AttributeValue value) {
  for (auto& [key, existing] : entries_) {
    if (key == name) {
      existing = std::move(value);
      return;
    }
  }
  entries_.emplace_back(std::move(name), std::move(value));
}

std::int64_t Attributes::int_or(std::string_view name, std::int64_t fallback) const {
  const auto* value = find(name);
  return value != nullptr && std::holds_alternative<std::int64_t>(*value) ? std::get<std::int64_t>(*value) : fallback;
}

double Attributes::float_or(std::string_view name, double fallback) const {
  const auto* value = find(name);
  return value != nullptr && std::holds_alternative<double>(*value) ? std::get<double>(*value) : fallback;
}

std::string Attributes::string_or(std::string_view name, std::string fallback) const {
  const auto* value = find(name);
  return value != nullptr && std::holds_alternative<std::string>(*value) ? std::get<std::string>(*value)
                                                                         : std::move(fallback);
}

std::vector<std::int64_t> Attributes::ints_or(std::string_view name, std::vector<std::int64_t> fallback) const {
  const auto* value = find(name);
  return value != nullptr && std::holds_alternative<std::vector<std::int64_t>>(*value)
             ? std::get<std::vector<std::int64_t>>(*value)
             : std::move(fallback);
}

namespace {

ValueId next_id(const std::vector<Value>& values) { return static_cast<ValueId>(values.size()); }

}  // namespace

ValueId Graph::add_input(std::string name, DType dtype) {
  const ValueId id = next_id(values_);
  Value value;
  value.name = std::move(name);
  value.kind = Value::Kind::kInput;
  value.dtype = dtype;
  values_.push_back(std::move(value));
  inputs_.push_back(id);
  return id;
}

ValueId Graph::add_constant(std::string name, Tensor tensor) {
  const ValueId id = next_id(values_);
  Value value;
  value.name = std::move(name);
  value.kind = Value::Kind::kConstant;
  value.dtype = tensor.dtype();
  value.constant = std::move(tensor);
  values_.push_back(std::move(value));
  return id;
}

ValueId Graph::add_weight(Weight weight) {
  const ValueId id = next_id(values_);
  Value value;
  value.name = weight.name;
  value.kind = Value::Kind::kWeight;
  value.weight = std::move(weight);
  values_.push_back(std::move(value));
  return id;
}

std::vector<ValueId> Graph::add_node(Node node, std::size_t output_count) {
  for (const ValueId input : node.inputs) {
    if (input < kNoValue || input >= next_id(values_))
      throw std::logic_error("node " + node.name + " reads a value that does not exist");
  }
  node.outputs.clear();
  for (std::size_t i = 0; i < output_count; ++i) {
    Value value;
    value.name = output_count == 1 ? node.name : node.name + "." + std::to_string(i);
    value.producer = static_cast<NodeId>(nodes_.size());
    node.outputs.push_back(next_id(values_));
    values_.push_back(std::move(value));
  }
  nodes_.push_back(std::move(node));
  return nodes_.back().outputs;
}

void Graph::add_output(std::string name, ValueId value) { outputs_.emplace_back(std::move(name), value); }

std::optional<ValueId> Graph::find_input(std::string_view name) const {
  for (const ValueId id : inputs_) {
    if (value(id).name == name) return id;
  }
  return std::nullopt;
}

std::optional<ValueId> Graph::find_output(std::string_view name) const {
  for (const auto& [key, id] : outputs_) {
    if (key == name) return id;
  }
  return std::nullopt;
}

std::vector<NodeId> Graph::consumers(ValueId wanted) const {
  std::vector<NodeId> result;
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const auto& inputs = nodes_[n].inputs;
    if (std::find(inputs.begin(), inputs.end(), wanted) != inputs.end()) result.push_back(static_cast<NodeId>(n));
  }
  return result;
}

std::vector<ValueId> Graph::weights() const {
  std::vector<ValueId> result;
  for (std::size_t v = 0; v < values_.size(); ++v) {
    if (values_[v].kind == Value::Kind::kWeight) result.push_back(static_cast<ValueId>(v));
  }
  return result;
}

}  // namespace kerf::graph
