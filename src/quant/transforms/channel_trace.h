#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.h"
#include "sweep/plan.h"

namespace kerf::quant {

/// Where the channels of a value come from: channel c is made of channel channels[c] of `source`, whatever tokens it
/// mixes.
struct ChannelTrace {
  graph::ValueId source = graph::kNoValue;
  std::vector<std::int64_t> channels;
};

/// The value follows from `source` by nodes that only move elements (Reshape, Transpose, ...), nothing else reading
/// what lies between, and both have so many channels, each with the elements of one channel of the other. nullopt if it
/// is not so, or no node lies between.
std::optional<ChannelTrace> trace_through_moves(const graph::Graph& graph, const sweep::Plan& plan,
                                                graph::ValueId value, std::int64_t channels);

/// Attention written out, as exporters do: the value follows by nodes that only move elements (Reshape, Transpose, ...)
/// from MatMul(probabilities, V), and V in the same way from a linear node, nothing else reading what lies between. The
/// channels are found by sending their numbers through those nodes. nullopt if it is not so, or a channel is not the
/// same for all tokens.
std::optional<ChannelTrace> trace_through_attention(const graph::Graph& graph, const sweep::Plan& plan,
                                                    graph::ValueId value);

}  // namespace kerf::quant
