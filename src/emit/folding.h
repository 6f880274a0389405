#pragma once

#include <functional>
#include <map>

#include "emit/weight_check.h"
#include "graph/graph.h"
#include "sweep/plan.h"

namespace kerf::emit {

/// The stored counterpart of one of the original's weights; null if there is none.
using Counterpart = std::function<graph::SourcePtr(graph::ValueId original)>;

/// What awq and smoothquant did to the original's weights, as far as it can be told from what was stored: factors that
/// the channels of a norm or of a preceding projection lost and the columns of the next projections won. Of norms the
/// two files give them exactly; of projections they are the least-squares factors between rows. Factors count only
/// where they explain the next projections better than none.
std::map<graph::ValueId, Scaling> find_scalings(const graph::Graph& graph, const sweep::Plan& plan,
                                                const Counterpart& counterpart);

}  // namespace kerf::emit
