#include "graph/query.h"

namespace kerf::graph {

bool is_op(const Node& node, std::string_view domain, std::string_view op) {
  return node.domain == domain && node.op == op;
}

bool is_weight(const Graph& graph, ValueId value) {
  return value != kNoValue && graph.value(value).kind == Value::Kind::kWeight;
}

bool read_once(const Graph& graph, ValueId value) { return graph.consumers(value).size() == 1; }

const Node* producer(const Graph& graph, ValueId value) {
  return graph.value(value).kind == Value::Kind::kComputed ? &graph.node(graph.value(value).producer) : nullptr;
}

}  // namespace kerf::graph
