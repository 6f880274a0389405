#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"

namespace kerf::ops {

/// How RelativePositionBias (ops/relative_position_bias.cpp) chooses a row of its table.
struct RelativePosition {
  std::int64_t buckets = 0;       ///< rows of the table
  std::int64_t max_distance = 0;  ///< from which on all distances share a row
  bool bidirectional = false;     ///< keys after the query have rows of their own
};

RelativePosition relative_position_of(const graph::Node& node, std::int64_t buckets);

/// Rows of the table by key - query, from 1 - length to length - 1.
std::vector<std::int64_t> relative_position_rows(const RelativePosition& rule, std::int64_t length);

}  // namespace kerf::ops
