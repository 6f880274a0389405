#pragma once

#include <string>

#include "graph/role.h"

namespace kerf::formats::onnx {

/// What a weight matrix is for, from the module that it belongs to ("model.layers.0.self_attn.q_proj"); kOther if that
/// says nothing.
graph::Role role_of_module(const std::string& module);

/// The layer that a module's path names: its first number ("model.layers.3.mlp" -> 3, "encoder.layer_._2" -> 2); -1 if
/// it has none.
int layer_of_module(const std::string& module);
/// Is it a part of the decoder of a model that has an encoder too?
bool is_decoder_module(const std::string& module);

}  // namespace kerf::formats::onnx
