#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "description/description.h"
#include "graph/graph.h"
#include "sweep/walker.h"

namespace kerf::sweep {

/// Input tensors of one window of token ids, bound by meaning: input_ids the ids; position_ids 0, 1, 2, ... or what the
/// description says of positions; attention_mask all ones; token_type_ids zeros; decoder_input_ids the ids that the
/// decoder is to write (`written`, or if that is empty the same) behind its start token, without the last one, and
/// other inputs of the decoder as those of the encoder. Error(kInput) if an id is outside the vocabulary or the window
/// is longer than the model's learned positions.
WindowInputs bind_ids(const graph::Graph& graph, const description::Model& model, std::span<const std::int64_t> ids,
                      std::span<const std::int64_t> written = {});

/// Input tensors from tensors by name, for row `row` of a batch; absent ones as in bind_ids. Error(kInput) naming the
/// tensor if one does not fit or is not an input of the model.
WindowInputs bind_named(const graph::Graph& graph, const description::Model& model,
                        const std::map<std::string, Tensor>& tensors, std::int64_t row);

}  // namespace kerf::sweep
