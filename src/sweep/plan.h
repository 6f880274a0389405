#pragma once

#include <vector>

#include "graph/graph.h"

namespace kerf::sweep {

/// A weight matrix [out, in] that nodes multiply activations by, or that they look rows up in. A weight used at several
/// places (shared layers, a tied head) is one site.
struct Site {
  graph::ValueId weight = graph::kNoValue;
  std::vector<graph::NodeId> linear_uses;  ///< kerf.Linear nodes, ascending
  std::vector<graph::NodeId> lookup_uses;  ///< Gather nodes, ascending
};

/// Linear sites of one block that read the same value (q, k and v; gate and up).
struct Group {
  graph::ValueId input = graph::kNoValue;
  std::vector<std::size_t> sites;  ///< indices into Plan::sites, in node order
  graph::NodeId first_node = 0;    ///< the first linear node of the group
};

/// A run of nodes [begin, end) between two places where few values are alive.
struct Block {
  graph::NodeId begin = 0, end = 0;
  std::vector<graph::ValueId> live_in;   ///< kept values that the block reads
  std::vector<graph::ValueId> live_out;  ///< kept values that later blocks, or the outputs, read
  std::vector<Group> groups;             ///< in node order
};

/// How a graph is walked. Values that depend on no weight ("free": masks, rotary tables, shape chains) are never kept
/// between blocks; they are recomputed from the inputs wherever they are needed.
struct Plan {
  std::vector<Site> sites;       ///< by first use
  std::vector<Block> blocks;     ///< cover all nodes, in order
  std::vector<bool> free_value;  ///< by value id
  std::vector<bool> free_node;   ///< by node id
  /// Node after which the last consumer has run, by value id; -1: never read; the node count for graph outputs.
  std::vector<graph::NodeId> last_use;

  std::vector<int> site_index;  ///< by value id: index into sites, or -1

  /// Index into sites of a weight value, or -1.
  int site_of(graph::ValueId weight) const {
    return weight == graph::kNoValue ? -1 : site_index[static_cast<std::size_t>(weight)];
  }
};

/// Cuts the graph where the block so far has a linear site and exactly one kept value is alive, besides those that
/// several layers read (an encoder's output).
Plan make_plan(const graph::Graph& graph);

/// Kept computed values that are alive before node `position`.
std::vector<graph::ValueId> live_values(const graph::Graph& graph, const Plan& plan, graph::NodeId position);

}  // namespace kerf::sweep
