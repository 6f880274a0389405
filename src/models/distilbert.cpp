#include <fmt/format.h>

#include "models/activation.h"
#include "models/bert.h"
#include "models/config.h"
#include "models/families.h"

namespace kerf::models {
namespace {

description::Hyperparameters read_sizes(const JsonCursor& config) {
  description::Hyperparameters h;
  h.vocab_size = read_size(config, "vocab_size");
  h.hidden_size = read_size(config, "dim");
  h.intermediate_size = read_size(config, "hidden_dim");
  h.layers = read_size(config, "n_layers");
  h.heads = h.kv_heads = read_size(config, "n_heads");
  h.head_dim = h.hidden_size / h.heads;
  h.context_length = h.max_positions = read_size(config, "max_position_embeddings", 512);
  if (h.hidden_size % h.heads != 0) {
    config.fail(fmt::format("found dim {} for {} heads, expected a multiple", h.hidden_size, h.heads));
  }
  h.norm_epsilon = 1e-12;
  const auto activation = config.get("activation");
  h.activation = activation ? read_activation(*activation) : "gelu";
  h.tied_head = config.bool_or("tie_word_embeddings", true);
  return h;
}

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  EncoderSpec spec;
  spec.family = "distilbert";
  spec.prefixes = {"distilbert.", ""};
  const auto& h = spec.hyperparameters = read_sizes(config);
  spec.embedding = {.token = "embeddings.word_embeddings",
                    .position = "embeddings.position_embeddings",
                    .norm = layer_norm("embeddings.LayerNorm", h.norm_epsilon)};
  spec.layer = [epsilon = h.norm_epsilon](int layer) {
    const auto at = [&](std::string_view part) { return fmt::format("transformer.layer.{}.{}", layer, part); };
    return EncoderLayer{.attention = {.query = {at("attention.q_lin"), true},
                                      .key = {at("attention.k_lin"), true},
                                      .value = {at("attention.v_lin"), true},
                                      .output = {at("attention.out_lin"), true}},
                        .attention_norm = layer_norm(at("sa_layer_norm"), epsilon),
                        .mlp = {.up = {at("ffn.lin1"), true}, .down = {at("ffn.lin2"), true}},
                        .mlp_norm = layer_norm(at("output_layer_norm"), epsilon)};
  };
  MaskedLmHead& head = spec.masked_lm;
  head.transform = {"vocab_transform", true};
  head.activation = h.activation;
  head.norm = layer_norm("vocab_layer_norm", h.norm_epsilon);
  head.decoder = "vocab_projector";
  spec.masked_lm_tensors = {"vocab_transform.*", "vocab_layer_norm.*", "vocab_projector.*"};
  spec.class_pooling = {.dense = {"pre_classifier", true}, .activation = "relu"};
  spec.classifier = {"classifier", true};
  spec.classifier_tensors = {"pre_classifier.*", "classifier.*"};
  return build_encoder(config, tensors, spec);
}

}  // namespace

const Family& distilbert_family() {
  static const Family family{
      .name = "distilbert", .summary = "DistilBERT: BERT with half the layers and without segments", .build = build};
  return family;
}

}  // namespace kerf::models
