#include "models/llama_like.h"

#include <utility>

#include <fmt/format.h>

#include "models/config.h"

namespace kerf::models {

DecoderSpec llama_like(const JsonCursor& config, std::string family, const LlamaDefaults& defaults) {
  DecoderSpec spec;
  spec.family = std::move(family);
  spec.prefixes = {"model.", ""};
  auto& h = spec.hyperparameters = read_standard_sizes(config);
  h.norm_epsilon = config.double_or("rms_norm_eps", defaults.norm_epsilon);
  h.activation = read_activation(config, {"hidden_act"}, defaults.activation);
  h.tied_head = config.bool_or("tie_word_embeddings", defaults.tied_head);
  add_rope(spec, read_rope(config, h.head_dim, defaults.rope));
  spec.token_embedding = "embed_tokens";
  spec.final_norm = {.name = "norm", .kind = NormKind::kRms, .epsilon = h.norm_epsilon};
  spec.head = {.name = "lm_head"};
  spec.ignorable = {{"*rotary_emb*.inv_freq", "rotary frequencies are computed from the configuration"}};
  return spec;
}

Norm like(Norm norm, std::string name) {
  norm.name = std::move(name);
  return norm;
}

std::string in_layer(int layer, std::string_view part) { return fmt::format("layers.{}.{}", layer, part); }

DecoderLayer llama_layer(const Norm& norm, int layer, const LlamaBiases& biases) {
  const auto at = [layer](std::string_view part) { return in_layer(layer, part); };
  return {.attention_norm = like(norm, at("input_layernorm")),
          .attention = {.query = {at("self_attn.q_proj"), biases.qkv},
                        .key = {at("self_attn.k_proj"), biases.qkv},
                        .value = {at("self_attn.v_proj"), biases.qkv},
                        .output = {at("self_attn.o_proj"), biases.output}},
          .feed_forward_norm = like(norm, at("post_attention_layernorm")),
          .feed_forward = {.gate = {at("mlp.gate_proj"), biases.feed_forward},
                           .up = {at("mlp.up_proj"), biases.feed_forward},
                           .down = {at("mlp.down_proj"), biases.feed_forward}}};
}

}  // namespace kerf::models
