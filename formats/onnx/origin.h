#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace kerf::formats::onnx {

/// A node of the file: its place among the main graph's nodes, then in the body of the function that the node calls,
/// and so on; of an If first which branch is taken (kThenBranch, kElseBranch), then the place in that.
inline constexpr int kThenBranch = 0, kElseBranch = 1;
struct NodeOrigin {
  std::vector<int> path;
  bool operator==(const NodeOrigin&) const = default;
};

/// What the nodes and weights of an imported graph were in its file: who writes a changed model patches those.
struct Origins {
  std::map<graph::NodeId, std::vector<NodeOrigin>> nodes;
  std::map<graph::ValueId, std::vector<std::string>> initializers;  ///< of weights, by name in the main graph
  std::map<graph::ValueId, std::string> values;  ///< of weights: the main graph's value that is the same, as it is read
};

}  // namespace kerf::formats::onnx
