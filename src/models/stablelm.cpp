#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "stablelm", {.rope = {.rotary_factor = 0.25}});
  auto& h = spec.hyperparameters;
  h.norm_epsilon = config.double_or("layer_norm_eps", 1e-5);
  spec.final_norm = {.name = "norm", .kind = NormKind::kLayer, .epsilon = h.norm_epsilon, .bias = true};
  const bool bias = config.bool_or("use_qkv_bias", false), parallel = config.bool_or("use_parallel_residual", false);
  const bool head_norms = config.bool_or("qk_layernorm", false);
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = llama_layer(norm, layer, {.qkv = bias});
    if (head_norms) {
      const Norm unbiased{.kind = NormKind::kLayer, .epsilon = norm.epsilon};
      result.attention.query_norm = like(unbiased, in_layer(layer, "self_attn.q_layernorm.norms"));
      result.attention.key_norm = like(unbiased, in_layer(layer, "self_attn.k_layernorm.norms"));
      result.attention.norm_by_head = true;
    }
    result.parallel = parallel;
    if (parallel) result.feed_forward_norm = {};
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& stablelm_family() {
  static const Family family{
      .name = "stablelm", .summary = "StableLM: layer norms, a part of each head turned", .build = build};
  return family;
}

}  // namespace kerf::models
