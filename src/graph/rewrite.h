#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "graph/graph.h"

namespace kerf::graph {

/// Where a copy of a graph differs from the original.
struct Replacements {
  std::map<ValueId, SourcePtr> sources;                         ///< weights that have another source, of the same shape
  std::map<std::pair<NodeId, std::size_t>, Weight> own_inputs;  ///< inputs of nodes that become weights of their own
};

/// A copy in which the replacements hold. Nodes keep their ids; values keep their order, but those of `own_inputs` come
/// before the node that reads them.
Graph copy_with(const Graph& graph, const Replacements& replacements);

}  // namespace kerf::graph
