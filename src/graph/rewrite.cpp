#include "graph/rewrite.h"

#include <vector>

namespace kerf::graph {
namespace {

class Copier {
 public:
  Copier(const Graph& from, const Replacements& replacements)
      : from_(from), replacements_(replacements), new_ids_(from.values().size(), kNoValue) {}

  Graph run() {
    for (std::size_t id = 0; id < from_.values().size(); ++id) {
      if (new_ids_[id] == kNoValue) copy_value(static_cast<ValueId>(id));
    }
    for (const auto& [name, value] : from_.outputs()) to_.add_output(name, new_id(value));
    return std::move(to_);
  }

 private:
  ValueId new_id(ValueId id) const { return id == kNoValue ? kNoValue : new_ids_[static_cast<std::size_t>(id)]; }

  void copy_value(ValueId id) {
    const Value& value = from_.value(id);
    ValueId& copy = new_ids_[static_cast<std::size_t>(id)];
    switch (value.kind) {
      case Value::Kind::kInput:
        copy = to_.add_input(value.name, value.dtype);
        break;
      case Value::Kind::kConstant:
        copy = to_.add_constant(value.name, value.constant);
        break;
      case Value::Kind::kWeight:
        copy = to_.add_weight(weight(id));
        break;
      case Value::Kind::kComputed:
        copy_node(value.producer);
        break;
    }
  }

  Weight weight(ValueId id) const {
    Weight copy = from_.value(id).weight;
    const auto found = replacements_.sources.find(id);
    if (found != replacements_.sources.end()) copy.source = found->second;
    return copy;
  }

  /// The outputs of a node have neighbouring ids: the first brings them all.
  void copy_node(NodeId id) {
    Node node = from_.node(id);
    const std::vector<ValueId> outputs = node.outputs;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const auto own = replacements_.own_inputs.find({id, i});
      node.inputs[i] =
          own == replacements_.own_inputs.end() ? new_id(node.inputs[i]) : to_.add_weight(Weight(own->second));
    }
    const auto copies = to_.add_node(std::move(node), outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) new_ids_[static_cast<std::size_t>(outputs[i])] = copies[i];
  }

  const Graph& from_;
  const Replacements& replacements_;
  std::vector<ValueId> new_ids_;
  Graph to_;
};

}  // namespace

Graph copy_with(const Graph& graph, const Replacements& replacements) { return Copier(graph, replacements).run(); }

}  // namespace kerf::graph
