#include <fmt/format.h>

#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec;
  spec.family = "gpt_neox";
  spec.prefixes = {"gpt_neox.", ""};
  auto& h = spec.hyperparameters = read_standard_sizes(config);
  h.norm_epsilon = config.double_or("layer_norm_eps", 1e-5);
  h.activation = read_activation(config, {"hidden_act"}, "gelu");
  h.tied_head = config.bool_or("tie_word_embeddings", false);
  add_rope(spec, read_rope(config, h.head_dim,
                           {.theta = config.double_or("rotary_emb_base", 10000),
                            .rotary_factor = config.double_or("rotary_pct", 0.25)}));
  spec.token_embedding = "embed_in";
  spec.final_norm = {.name = "final_layer_norm", .kind = NormKind::kLayer, .epsilon = h.norm_epsilon, .bias = true};
  spec.head = {.name = "embed_out"};
  const bool bias = config.bool_or("attention_bias", true), parallel = config.bool_or("use_parallel_residual", true);
  spec.layer = [=, norm = spec.final_norm](int layer) {
    const auto at = [layer](std::string_view part) { return in_layer(layer, part); };
    return DecoderLayer{
        .attention_norm = like(norm, at("input_layernorm")),
        .attention = {.fused = {at("attention.query_key_value"), bias},
                      .fused_order = FusedOrder::kByHead,
                      .output = {at("attention.dense"), bias}},
        .feed_forward_norm = like(norm, at("post_attention_layernorm")),
        .feed_forward = {.up = {at("mlp.dense_h_to_4h"), true}, .down = {at("mlp.dense_4h_to_h"), true}},
        .parallel = parallel};
  };
  spec.ignorable = {{"*.attention.bias", "the causal mask is part of the attention operator"},
                    {"*.attention.masked_bias", "the causal mask is part of the attention operator"},
                    {"*.rotary_emb.inv_freq", "rotary frequencies are computed from the configuration"}};
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& gpt_neox_family() {
  static const Family family{
      .name = "gpt_neox", .summary = "GPT-NeoX and Pythia: attention and feed-forward side by side", .build = build};
  return family;
}

}  // namespace kerf::models
