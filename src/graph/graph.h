#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/tensor.h"
#include "graph/role.h"
#include "graph/tensor_source.h"

namespace kerf::graph {

using ValueId = std::int32_t;
using NodeId = std::int32_t;
inline constexpr ValueId kNoValue = -1;  ///< an absent optional input

/// Domains of operators. "" is ONNX's default domain (opset 23).
inline constexpr std::string_view kOnnxDomain = "";
inline constexpr std::string_view kKerfDomain = "kerf";

using AttributeValue = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>>;

/// Attributes of a node, few and by name.
class Attributes {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<std::pair<std::string, AttributeValue>> entries) : entries_(entries) {}
  bool has(std::string_view name) const { return find(name) != nullptr; }
  void set(std::string name, AttributeValue value);
  std::int64_t int_or(std::string_view name, std::int64_t fallback) const;
  double float_or(std::string_view name, double fallback) const;
  std::string string_or(std::string_view name, std::string fallback) const;
  std::vector<std::int64_t> ints_or(std::string_view name, std::vector<std::int64_t> fallback) const;
  const std::vector<std::pair<std::string, AttributeValue>>& entries() const { return entries_; }

 private:
  const AttributeValue* find(std::string_view name) const;
  std::vector<std::pair<std::string, AttributeValue>> entries_;
};

/// A parameter of the model: lazily read, with the place it has in the model.
struct Weight {
  std::string name;  ///< the checkpoint's name
  Role role = Role::kOther;
  int layer = -1;   ///< -1: outside the layers
  int expert = -1;  ///< -1: not an expert's
  SourcePtr source;
};

/// Something a node reads or produces.
struct Value {
  enum class Kind { kInput, kConstant, kWeight, kComputed };
  std::string name;
  Kind kind = Kind::kComputed;
  DType dtype = DType::kF32;  ///< of kInput values
  Tensor constant;            ///< kConstant: a small tensor (shape parameters, inverse frequencies)
  Weight weight;              ///< kWeight
  NodeId producer = -1;       ///< kComputed
};

/// One operator application, with ONNX semantics.
struct Node {
  std::string op;
  std::string domain;
  std::string name;
  std::vector<ValueId> inputs;  ///< kNoValue where an optional input is absent
  std::vector<ValueId> outputs;
  Attributes attributes;
  int layer = -1;
};

/// A topologically ordered list of nodes and the values between them. Built once, then read-only: a candidate is an
/// overlay of replaced values (sweep/overlay.h), never a copy.
class Graph {
 public:
  ValueId add_input(std::string name, DType dtype);
  ValueId add_constant(std::string name, Tensor tensor);
  ValueId add_weight(Weight weight);
  /// Appends a node; its inputs must exist already. Returns the ids of its outputs.
  std::vector<ValueId> add_node(Node node, std::size_t output_count = 1);
  void add_output(std::string name, ValueId value);

  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(NodeId id) const { return nodes_[static_cast<std::size_t>(id)]; }
  const std::vector<Value>& values() const { return values_; }
  const Value& value(ValueId id) const { return values_[static_cast<std::size_t>(id)]; }
  const std::vector<ValueId>& inputs() const { return inputs_; }
  const std::vector<std::pair<std::string, ValueId>>& outputs() const { return outputs_; }
  std::optional<ValueId> find_input(std::string_view name) const;
  std::optional<ValueId> find_output(std::string_view name) const;
  /// Nodes that read a value, ascending.
  std::vector<NodeId> consumers(ValueId value) const;
  /// All kWeight values, ascending.
  std::vector<ValueId> weights() const;

 private:
  std::vector<Node> nodes_;
  std::vector<Value> values_;
  std::vector<ValueId> inputs_;
  std::vector<std::pair<std::string, ValueId>> outputs_;
};

/// One line a node, for people and diffs.
std::string to_text(const Graph& graph);

}  // namespace kerf::graph
