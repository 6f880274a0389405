#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "sweep/overlay.h"
#include "sweep/plan.h"

namespace kerf::quant {

/// Where per-channel factors of a group's input can be folded so that the function stays the same: input channel c of
/// the group is channel channels[c] of the producer, and scaling that channel of every listed parameter by 1/s scales
/// the group's input by 1/s.
struct Fold {
  std::vector<graph::ValueId> parameters;   ///< a norm's scale (and bias); or a linear weight (its rows) and bias
  std::vector<float> offsets;               ///< of each parameter: what counts is parameter + offset (Gemma's norms)
  std::vector<std::int64_t> channels;       ///< by input channel of the group; several may share one (grouped queries)
  std::int64_t producer_channels = 0;       ///< distinct channels of the parameters' first axis
  std::string where;                        ///< "norm", "up", "v" - for reports
  graph::ValueId linear = graph::kNoValue;  ///< the weight among `parameters` that is itself quantized, if any
};

/// The weight that a value is, or to which it adds a constant, and that constant.
std::pair<graph::ValueId, float> parameter_behind(const graph::Graph& graph, graph::ValueId value);

/// The fold into the projection that gives an Attention node its values; `channels` of the node's output. Query heads
/// share the channels of their key-value head. nullopt where nothing else than the node reads a plain projection.
std::optional<Fold> find_value_fold(const graph::Graph& graph, const sweep::Plan& plan, const graph::Node& attention,
                                    std::int64_t channels);

/// Looks upwards from the group's input through the graph, within the block. nullopt, with `reason`, where no exact
/// fold exists.
std::optional<Fold> find_fold(const graph::Graph& graph, const sweep::Plan& plan, const sweep::Block& block,
                              const sweep::Group& group, std::int64_t channels, std::string& reason);

/// Folds factors s (one per input channel of the group; equal where channels share one) into `overlay`: parameters are
/// divided by s, columns of the group's weights multiplied. Parameters of rank 1 are rounded to `folded_dtype`.
void apply_fold(const graph::Graph& graph, const sweep::Plan& plan, const sweep::Group& group, const Fold& fold,
                const std::vector<float>& factors, DType folded_dtype, sweep::Overlay& overlay);

}  // namespace kerf::quant
