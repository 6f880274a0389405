#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace kerf::quant {

/// The scale of an RMS norm: `parameter` + `offset`.
struct NormScale {
  graph::ValueId parameter = graph::kNoValue;
  float offset = 0;
};

/// Everything that reads or writes a model's residual stream, the value that embeddings start, norms look at and every
/// layer adds to. If all of it is multiplied by an orthogonal matrix, the function stays: RMS norms keep lengths.
struct ResidualStream {
  std::int64_t width = 0;
  std::vector<graph::ValueId> lookups;  ///< tables whose rows are added to the stream
  std::vector<graph::ValueId> writers;  ///< weights [width, in] of linear nodes whose outputs are, and their biases
  /// Weights [out, width] of linear nodes that read the stream, and the norm they read it through, if any.
  std::map<graph::ValueId, std::optional<NormScale>> readers;
  std::vector<NormScale> norms;
  /// Places, node and input, that read a table of `lookups` as their matrix: a tied head.
  std::vector<std::pair<graph::NodeId, std::size_t>> tied;
  std::map<std::pair<graph::NodeId, std::size_t>, std::optional<NormScale>> tied_norms;  ///< of `tied`
};

/// Follows the stream from the token embedding. Error(kUsage) naming the node where a rotation would not pass.
ResidualStream find_residual_stream(const graph::Graph& graph);

}  // namespace kerf::quant
