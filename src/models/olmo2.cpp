#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "olmo2", {.norm_epsilon = 1e-5});
  const bool bias = config.bool_or("attention_bias", false);
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = llama_layer(norm, layer, {.qkv = bias, .output = bias});
    result.attention_norm = result.feed_forward_norm = {};
    result.attention_output_norm = like(norm, in_layer(layer, "post_attention_layernorm"));
    result.feed_forward_output_norm = like(norm, in_layer(layer, "post_feedforward_layernorm"));
    result.attention.query_norm = like(norm, in_layer(layer, "self_attn.q_norm"));
    result.attention.key_norm = like(norm, in_layer(layer, "self_attn.k_norm"));
    result.attention.norm_all_heads = true;
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& olmo2_family() {
  static const Family family{.name = "olmo2",
                             .summary = "OLMo 2: norms after attention and feed-forward, and of queries and keys",
                             .build = build};
  return family;
}

}  // namespace kerf::models
