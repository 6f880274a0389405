#pragma once

#include <vector>

#include "kerf/kerf.h"

#include "formats/checkpoint.h"
#include "models/model_graph.h"

namespace kerf::api {

/// Merges adapters, one after the other, into the tensors of a checkpoint. `built`: the graph that is made of it
/// without them, which says how its tensors are used.
void merge_adapters(const std::vector<Adapter>& adapters, const models::ModelGraph& built,
                    formats::Checkpoint& checkpoint);

}  // namespace kerf::api
