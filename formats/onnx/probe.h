#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "core/tensor.h"
#include "graph/graph.h"
#include "ops/op.h"

namespace kerf::formats::onnx {

/// The values that depend on no weight (masks, positions, shape chains) for one sequence of `length` tokens: ids 1, 2,
/// 3, ..., all of them attended to, of type 0. Kernels run, so `specs` are what the shape rules say of all values for
/// that length (ops::infer_specs); large values are left out.
std::map<graph::ValueId, Tensor> probe(const graph::Graph& graph, std::int64_t length,
                                       std::span<const ops::TensorSpec> specs);

/// Does some mask let tokens see only those before them? Looks for a value [..., length, length] of a probe that nodes
/// with weights read, and that is false or very negative exactly above the diagonal; or for attention that says so.
bool is_causal(const graph::Graph& graph, const std::map<graph::ValueId, Tensor>& values, std::int64_t length);

}  // namespace kerf::formats::onnx
