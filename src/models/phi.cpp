#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "phi", {.activation = "gelu_new", .rope = {.rotary_factor = 0.5}});
  auto& h = spec.hyperparameters;
  h.norm_epsilon = config.double_or("layer_norm_eps", 1e-5);
  spec.final_norm = {.name = "final_layernorm", .kind = NormKind::kLayer, .epsilon = h.norm_epsilon, .bias = true};
  spec.head.bias = true;
  const bool head_norms = config.bool_or("qk_layernorm", false);
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = llama_layer(norm, layer, {.qkv = true});
    result.attention.output = {in_layer(layer, "self_attn.dense"), true};
    if (head_norms) {
      result.attention.query_norm = like(norm, in_layer(layer, "self_attn.q_layernorm"));
      result.attention.key_norm = like(norm, in_layer(layer, "self_attn.k_layernorm"));
    }
    result.feed_forward_norm = {};
    result.feed_forward = {.up = {in_layer(layer, "mlp.fc1"), true}, .down = {in_layer(layer, "mlp.fc2"), true}};
    result.parallel = true;
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& phi_family() {
  static const Family family{.name = "phi",
                             .summary = "Phi 1, 1.5 and 2: attention and feed-forward side by side, biases everywhere",
                             .build = build};
  return family;
}

}  // namespace kerf::models
