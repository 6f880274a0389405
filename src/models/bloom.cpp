#include <fmt/format.h>

#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

/// The first of two keys that is there.
std::int64_t read_either(const JsonCursor& config, std::string_view key, std::string_view older) {
  return read_size(config, !config.has(key) && config.has(older) ? older : key);
}

description::Hyperparameters read_sizes(const JsonCursor& config) {
  description::Hyperparameters h;
  h.vocab_size = read_size(config, "vocab_size");
  h.hidden_size = read_either(config, "hidden_size", "n_embed");
  h.intermediate_size = 4 * h.hidden_size;
  h.layers = read_either(config, "n_layer", "num_hidden_layers");
  h.heads = h.kv_heads = read_either(config, "n_head", "num_attention_heads");
  h.head_dim = h.hidden_size / h.heads;
  h.context_length = read_size(config, "seq_length", 2048);
  if (h.hidden_size % h.heads != 0) config.fail("found a hidden_size that the heads do not divide");
  h.norm_epsilon = config.double_or("layer_norm_epsilon", 1e-5);
  h.activation = "gelu_pytorch_tanh";
  h.tied_head = config.bool_or("tie_word_embeddings", true);
  return h;
}

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec;
  spec.family = "bloom";
  spec.prefixes = {"transformer.", ""};
  const auto& h = spec.hyperparameters = read_sizes(config);
  const Norm norm{.kind = NormKind::kLayer, .epsilon = h.norm_epsilon, .bias = true};
  spec.token_embedding = "word_embeddings";
  spec.embedding_norm = like(norm, "word_embeddings_layernorm");
  spec.final_norm = like(norm, "ln_f");
  spec.head = {.name = "lm_head"};
  spec.ignorable = {
      {"*.self_attention.scale_mask_softmax.causal_mask", "the causal mask is part of the attention operator"}};
  const bool residual_of_norm = config.bool_or("apply_residual_connection_post_layernorm", false);
  spec.layer = [=](int layer) {
    const auto at = [layer](std::string_view part) { return fmt::format("h.{}.{}", layer, part); };
    return DecoderLayer{
        .attention_norm = like(norm, at("input_layernorm")),
        .attention = {.fused = {at("self_attention.query_key_value"), true},
                      .fused_order = FusedOrder::kByHead,
                      .output = {at("self_attention.dense"), true},
                      .alibi = true},
        .feed_forward_norm = like(norm, at("post_attention_layernorm")),
        .feed_forward = {.up = {at("mlp.dense_h_to_4h"), true}, .down = {at("mlp.dense_4h_to_h"), true}},
        .residual_of_norm = residual_of_norm};
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& bloom_family() {
  static const Family family{
      .name = "bloom", .summary = "BLOOM: alibi in place of positions, a norm of the embedding", .build = build};
  return family;
}

}  // namespace kerf::models
