#pragma once

#include <string>

#include "quant/structure.h"

namespace kerf::quant {

/// What makes the input channels of a site's weight, one unit a channel, through elementwise operators. `kept` is not
/// set. Error(kUsage) naming the weight and what stands in the way.
Reduction find_neurons(const graph::Graph& graph, const sweep::Site& consumer);
/// The same through an attention, one unit a key-value head.
Reduction find_heads(const graph::Graph& graph, const sweep::Site& consumer);

}  // namespace kerf::quant
