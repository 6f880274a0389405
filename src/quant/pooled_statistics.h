#pragma once

#include <map>
#include <vector>

#include "quant/candidate.h"
#include "quant/held_out.h"
#include "sweep/walker.h"

namespace kerf::quant {

/// By weight: what all the places that multiply by it read, together.
using PooledStatistics = std::map<graph::ValueId, SeenInputs>;

/// Walks `stream`, of the reference and at its start, once through the graph for the weights that several nodes
/// multiply by (layers that share them) and that a candidate's method wants data for. Does nothing if there are none.
PooledStatistics pool_statistics(const sweep::Walker& walker, const std::vector<Candidate*>& candidates,
                                 sweep::Stream stream, const WindowSplit& split);

}  // namespace kerf::quant
