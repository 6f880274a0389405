#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/onnx/constant.h"
#include "formats/onnx/origin.h"
#include "graph/graph.h"

namespace kerf::formats::onnx {

using ValueIndex = std::int32_t;
inline constexpr ValueIndex kAbsent = -1;  ///< an optional input that is not given, an output that nobody reads

/// Something that a node of a draft reads or produces.
struct DraftValue {
  std::string name;
  DType dtype = DType::kF32;
  std::optional<Constant> constant{};
  int input = -1;           ///< index into Draft::inputs
  int producer = -1;        ///< index into Draft::nodes
  std::string main_name{};  ///< in the main graph of the file; empty: it has none there
};

/// How what a Linear multiplies is rounded before: x ~ scale * (q - zero_point), q an INT8.
struct InputRounding {
  float scale = 0;
  int zero_point = 0;
  bool symmetric = true;
  bool operator==(const InputRounding&) const = default;
};

/// A node with kerf's operators, from one or more of the file.
struct DraftNode {
  std::string op;
  std::string domain{};
  std::string name{};   ///< unique
  std::string scope{};  ///< the module that it belongs to, where the file says so: "model.layers.0.self_attn.q_proj"
  std::vector<ValueIndex> inputs{};
  std::vector<ValueIndex> outputs{};
  graph::Attributes attributes{};
  std::vector<NodeOrigin> origins{};
  std::optional<InputRounding> rounding{};  ///< of a Linear
};

/// An input that is bound by meaning (sweep/bind.h); its value has the dtype that the file declares.
struct DraftInput {
  std::string name;  ///< "input_ids"
  ValueIndex value = kAbsent;
  Shape shape;  ///< as declared; -1 where an axis is free
};

/// A model on its way to a graph: functions inlined, operators raised, constants computed; still to be changed.
/// Nodes are in topological order.
struct Draft {
  std::vector<DraftValue> values;
  std::vector<DraftNode> nodes;
  std::vector<DraftInput> inputs;
  std::vector<std::pair<std::string, ValueIndex>> outputs;  ///< all that the file has
  ValueIndex output = kAbsent;                              ///< the one that is evaluated

  const DraftValue& value(ValueIndex index) const { return values[static_cast<std::size_t>(index)]; }
  DraftValue& value(ValueIndex index) { return values[static_cast<std::size_t>(index)]; }
  /// nullptr for absent values and those that are computed.
  const Constant* constant(ValueIndex index) const {
    return index == kAbsent || !value(index).constant ? nullptr : &*value(index).constant;
  }
  /// The node that makes a value; nullptr if none does.
  const DraftNode* producer(ValueIndex index) const {
    return index == kAbsent || value(index).producer < 0 ? nullptr
                                                         : &nodes[static_cast<std::size_t>(value(index).producer)];
  }
};

}  // namespace kerf::formats::onnx
