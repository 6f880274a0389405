#pragma once

#include <string>
#include <string_view>

#include "formats/safetensors/reader.h"

/// mlx-lm stacks the experts of a mixture: its NAME.switch_mlp.gate_proj.weight of [experts, out, in] is what other
/// checkpoints have as NAME.experts.0.gate_proj.weight and so on (w1, w2 and w3 for gate, down and up in a Mixtral).
namespace kerf::formats::safetensors::mlx {

/// The same tensors with those of experts taken apart, under the names of other checkpoints. Error(kInput) at a stacked
/// tensor that is none.
StoredTensors unstack_experts(const StoredTensors& tensors);
/// The stack that a module is taken from; itself if none.
std::string stacked_name(std::string_view module);

}  // namespace kerf::formats::safetensors::mlx
