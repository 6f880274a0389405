#include <fmt/format.h>

#include "graph/graph.h"

namespace kerf::graph {
namespace {

std::string attribute_text(const AttributeValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::vector<std::int64_t>> || std::is_same_v<T, std::vector<double>>) {
          return fmt::format("[{}]", fmt::join(v, ","));
        } else {
          return fmt::format("{}", v);
        }
      },
      value);
}

std::string value_text(const Graph& graph, ValueId id) {
  return id == kNoValue ? "-" : fmt::format("%{}:{}", id, graph.value(id).name);
}

}  // namespace

std::string to_text(const Graph& graph) {
  std::string text;
  for (const Node& node : graph.nodes()) {
    std::vector<std::string> inputs, outputs, attributes;
    for (const ValueId id : node.inputs) inputs.push_back(value_text(graph, id));
    for (const ValueId id : node.outputs) outputs.push_back(value_text(graph, id));
    for (const auto& [key, value] : node.attributes.entries()) {
      attributes.push_back(key + "=" + attribute_text(value));
    }
    text += fmt::format("{} = {}{}{}({}) {}\n", fmt::join(outputs, ", "), node.domain, node.domain.empty() ? "" : ".",
                        node.op, fmt::join(inputs, ", "), fmt::join(attributes, " "));
  }
  return text;
}

}  // namespace kerf::graph
