#pragma once

#include <string_view>

#include "graph/graph.h"

namespace kerf::graph {

/// Questions that whoever rewrites a graph asks.
bool is_op(const Node& node, std::string_view domain, std::string_view op);
bool is_weight(const Graph& graph, ValueId value);  ///< false for kNoValue
/// Does exactly one node read it?
bool read_once(const Graph& graph, ValueId value);
/// The node that computes a value; nullptr for inputs, constants and weights.
const Node* producer(const Graph& graph, ValueId value);

}  // namespace kerf::graph
