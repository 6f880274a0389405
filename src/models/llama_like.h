#pragma once

#include <string>

#include "core/json.h"
#include "models/decoder.h"

namespace kerf::models {

/// Most decoders since Llama keep its names and differ in a few places: their files start from these descriptions and
/// change what differs.

/// What a family takes where its configuration says nothing.
struct LlamaDefaults {
  double norm_epsilon = 1e-6;
  bool tied_head = false;
  std::string activation = "silu";
  RopeDefaults rope{};
};

/// Sizes, embedding, rope, final norm (RMS) and head; no layers yet.
DecoderSpec llama_like(const JsonCursor& config, std::string family, const LlamaDefaults& defaults = {});

/// Which linear layers have a bias.
struct LlamaBiases {
  bool qkv = false, output = false, feed_forward = false;
};

/// A norm of the same kind with another name.
Norm like(Norm norm, std::string name);
/// "layers.3.part"
std::string in_layer(int layer, std::string_view part);
/// Layer `layer` under Llama's names; `norm`: its norms are like that one.
DecoderLayer llama_layer(const Norm& norm, int layer, const LlamaBiases& biases = {});

}  // namespace kerf::models
