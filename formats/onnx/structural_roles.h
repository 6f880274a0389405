#pragma once

#include <map>

#include "formats/onnx/draft.h"
#include "graph/role.h"

namespace kerf::formats::onnx {

/// What Linear nodes are for, by what they are connected with, where names need not say anything: before the scores of
/// an attention (q, k, or one for all: qkv) or its values (v), behind it (attention_output), around an activation (up,
/// down, and gate where one product is multiplied by another), before the output (head). By place among the draft's
/// nodes; those that fit nowhere are left out.
std::map<int, graph::Role> structural_roles(const Draft& draft);

}  // namespace kerf::formats::onnx
