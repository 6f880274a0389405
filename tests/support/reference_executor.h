#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "graph/graph.h"
#include "models/model_graph.h"

namespace kerf::test {

/// Runs all nodes of a graph in order, every weight read as a whole, after the shape rules have accepted the inputs.
/// What the sweep does piece by piece, as plainly as it can be written.
std::vector<Tensor> run_graph(const graph::Graph& graph, const std::map<std::string, Tensor>& inputs);

/// input_ids as given, position_ids 0, 1, 2, ... and an attention_mask of ones; the first output.
Tensor run_model(const graph::Graph& graph, const Tensor& input_ids);

/// The first output for a batch of named inputs, absent ones as sweep/bind.h has them.
Tensor run_model(const models::ModelGraph& model, const std::map<std::string, Tensor>& inputs);

}  // namespace kerf::test
