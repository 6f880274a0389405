#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.h"
#include "sweep/plan.h"

namespace kerf::quant {

/// Where the channels of a value come from, through a mixture of tokens: channel c is a sum over tokens of channel
/// channels[c] of `source`, the output of a linear node.
struct ChannelTrace {
  graph::ValueId source = graph::kNoValue;
  std::vector<std::int64_t> channels;
};

/// Attention written out, as exporters do: the value follows by nodes that only move elements (Reshape, Transpose, ...)
/// from MatMul(probabilities, V), and V in the same way from a linear node, nothing else reading what lies between. The
/// channels are found by sending their numbers through those nodes. nullopt if it is not so, or a channel is not the
/// same for all tokens.
std::optional<ChannelTrace> trace_through_attention(const graph::Graph& graph, const sweep::Plan& plan,
                                                    graph::ValueId value);

}  // namespace kerf::quant
