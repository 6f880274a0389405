#include "models/gemma_like.h"

#include <cmath>
#include <utility>

#include "models/config.h"

namespace kerf::models {

DecoderSpec gemma_like(const JsonCursor& config, std::string family, const RopeDefaults& rope) {
  require(config, "use_bidirectional_attention", false, "false: a causal model");
  DecoderSpec spec = llama_like(config, std::move(family), {.tied_head = true, .rope = rope});
  auto& h = spec.hyperparameters;
  h.activation = read_activation(config, {"hidden_activation", "hidden_act"}, "gelu_pytorch_tanh");
  h.head_dim = read_size(config, "head_dim", 256);
  spec.final_norm.kind = NormKind::kRmsPlusOne;
  spec.embedding_scale = std::sqrt(static_cast<double>(h.hidden_size));
  spec.logit_softcap = config.double_or("final_logit_softcapping", 0);
  return spec;
}

DecoderLayer sandwich_layer(const JsonCursor& config, const Norm& norm, int layer) {
  const bool bias = config.bool_or("attention_bias", false);
  DecoderLayer result = llama_layer(norm, layer, {.qkv = bias, .output = bias});
  result.attention_output_norm = like(norm, in_layer(layer, "post_attention_layernorm"));
  result.feed_forward_norm = like(norm, in_layer(layer, "pre_feedforward_layernorm"));
  result.feed_forward_output_norm = like(norm, in_layer(layer, "post_feedforward_layernorm"));
  const double scalar = config.double_or("query_pre_attn_scalar", 256);
  if (!(scalar > 0)) config.at("query_pre_attn_scalar").fail("found 0 or less, expected a positive number");
  result.attention.scale = 1 / std::sqrt(scalar);
  result.attention.softcap = config.double_or("attn_logit_softcapping", 0);
  return result;
}

}  // namespace kerf::models
