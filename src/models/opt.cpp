#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

description::Hyperparameters read_sizes(const JsonCursor& config) {
  description::Hyperparameters h;
  h.vocab_size = read_size(config, "vocab_size");
  h.hidden_size = read_size(config, "hidden_size");
  h.intermediate_size = read_size(config, "ffn_dim");
  h.layers = read_size(config, "num_hidden_layers");
  h.heads = h.kv_heads = read_size(config, "num_attention_heads");
  h.head_dim = h.hidden_size / h.heads;
  h.context_length = h.max_positions = read_size(config, "max_position_embeddings");
  if (h.hidden_size % h.heads != 0) config.fail("found a hidden_size that the heads do not divide");
  h.norm_epsilon = 1e-5;  // of torch.nn.LayerNorm: the configuration has no key for it
  h.activation = read_activation(config, {"activation_function"}, "relu");
  h.tied_head = config.bool_or("tie_word_embeddings", true);
  return h;
}

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec;
  spec.family = "opt";
  spec.prefixes = {"model.decoder.", "decoder.", ""};
  const auto& h = spec.hyperparameters = read_sizes(config);
  spec.token_embedding = "embed_tokens";
  spec.embedding_size = read_size(config, "word_embed_proj_dim", h.hidden_size);
  if (spec.embedding_size != h.hidden_size) {
    spec.embedding_projection = {.name = "project_in"};
    spec.head_projection = {.name = "project_out"};
  }
  spec.positions.by_mask = true;
  spec.position_embedding = "embed_positions";
  spec.position_offset = 2;
  const bool before = config.bool_or("do_layer_norm_before", true), bias = config.bool_or("enable_bias", true);
  const bool affine = config.bool_or("layer_norm_elementwise_affine", true);
  const Norm norm{.kind = NormKind::kLayer, .epsilon = h.norm_epsilon, .bias = affine, .scale = affine};
  if (before && !config.bool_or("_remove_final_layer_norm", false)) spec.final_norm = like(norm, "final_layer_norm");
  spec.head = {.name = "lm_head"};
  spec.layer = [=](int layer) {
    const auto at = [layer](std::string_view part) { return in_layer(layer, part); };
    DecoderLayer result{.attention = {.query = {at("self_attn.q_proj"), bias},
                                      .key = {at("self_attn.k_proj"), bias},
                                      .value = {at("self_attn.v_proj"), bias},
                                      .output = {at("self_attn.out_proj"), bias}},
                        .feed_forward = {.up = {at("fc1"), bias}, .down = {at("fc2"), bias}}};
    (before ? result.attention_norm : result.attention_sum_norm) = like(norm, at("self_attn_layer_norm"));
    (before ? result.feed_forward_norm : result.feed_forward_sum_norm) = like(norm, at("final_layer_norm"));
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& opt_family() {
  static const Family family{
      .name = "opt", .summary = "OPT: learned positions, layer norms before or after, ReLU", .build = build};
  return family;
}

}  // namespace kerf::models
