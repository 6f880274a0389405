#include <fmt/format.h>

#include "models/activation.h"
#include "models/config.h"
#include "models/decoder.h"
#include "models/families.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec;
  spec.family = "llama";
  spec.prefixes = {"model.", ""};
  auto& h = spec.hyperparameters = read_standard_sizes(config);
  h.norm_epsilon = config.double_or("rms_norm_eps", 1e-6);
  h.activation = read_activation(config.at("hidden_act"));
  h.tied_head = config.bool_or("tie_word_embeddings", false);
  spec.rope = read_rope(config, h.head_dim);
  h.rope_theta = spec.rope->theta;
  h.rope_type = spec.rope->type;
  h.rotary_dim = spec.rope->rotary_dim();

  const bool attention_bias = config.bool_or("attention_bias", false), mlp_bias = config.bool_or("mlp_bias", false);
  const auto norm = [epsilon = h.norm_epsilon](std::string name) {
    return Norm{.name = std::move(name), .kind = NormKind::kRms, .epsilon = epsilon};
  };
  spec.token_embedding = "embed_tokens";
  spec.layer = [=](int layer) {
    const auto at = [&](std::string_view part) { return fmt::format("layers.{}.{}", layer, part); };
    return DecoderLayer{.attention_norm = norm(at("input_layernorm")),
                        .attention = {.query = {at("self_attn.q_proj"), attention_bias},
                                      .key = {at("self_attn.k_proj"), attention_bias},
                                      .value = {at("self_attn.v_proj"), attention_bias},
                                      .output = {at("self_attn.o_proj"), attention_bias}},
                        .feed_forward_norm = norm(at("post_attention_layernorm")),
                        .feed_forward = {.gate = {at("mlp.gate_proj"), mlp_bias},
                                         .up = {at("mlp.up_proj"), mlp_bias},
                                         .down = {at("mlp.down_proj"), mlp_bias}}};
  };
  spec.final_norm = norm("norm");
  spec.head = {.name = "lm_head"};
  spec.ignorable = {{"*.rotary_emb.inv_freq", "rotary frequencies are computed from the configuration"}};
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& llama_family() {
  static const Family family{.name = "llama",
                             .summary =
                                 "Llama 1 to 3 and what shares their architecture: RMS norms, rotary "
                                 "positions, gated feed-forward, grouped keys",
                             .build = build};
  return family;
}

}  // namespace kerf::models
