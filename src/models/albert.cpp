#include <fmt/format.h>

#include "models/bert.h"
#include "models/config.h"
#include "models/families.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  EncoderSpec spec = describe_bert(config);
  auto& h = spec.hyperparameters;
  spec.family = "albert";
  spec.prefixes = {"albert.", ""};
  if (!config.has("hidden_act")) h.activation = "gelu_new";
  spec.embedding.token_width = read_size(config, "embedding_size", 128);
  spec.embedding.projection = {"encoder.embedding_hidden_mapping_in", true};

  // Groups of layers have weights of their own; all layers of a group run through the same ones. A layer may hold
  // several inner ones, each with its weights.
  const std::int64_t groups = read_size(config, "num_hidden_groups", 1), outer = h.layers;
  const std::int64_t inner = read_size(config, "inner_group_num", 1);
  if (outer % groups != 0) {
    config.fail(fmt::format("found {} layers in {} groups, expected a multiple", outer, groups));
  }
  h.layers = outer * inner;
  // Their weights do not bound how many there are.
  constexpr std::int64_t kMostLayers = 4096;
  if (h.layers > kMostLayers) config.fail(fmt::format("found {} layers, expected at most {}", h.layers, kMostLayers));
  spec.layer = [=, epsilon = h.norm_epsilon](int layer) {
    const std::int64_t group = layer / inner / (outer / groups);
    const auto at = [&](std::string_view part) {
      return fmt::format("encoder.albert_layer_groups.{}.albert_layers.{}.{}", group, layer % inner, part);
    };
    return EncoderLayer{.attention = {.query = {at("attention.query"), true},
                                      .key = {at("attention.key"), true},
                                      .value = {at("attention.value"), true},
                                      .output = {at("attention.dense"), true}},
                        .attention_norm = layer_norm(at("attention.LayerNorm"), epsilon),
                        .mlp = {.up = {at("ffn"), true}, .down = {at("ffn_output"), true}},
                        .mlp_norm = layer_norm(at("full_layer_layer_norm"), epsilon)};
  };
  MaskedLmHead& head = spec.masked_lm;
  head.transform = {"predictions.dense", true};
  head.activation = h.activation;
  head.norm = layer_norm("predictions.LayerNorm", h.norm_epsilon);
  head.decoder = "predictions.decoder";
  head.bias = "predictions.bias";
  spec.masked_lm_tensors = {"predictions.*"};
  spec.pooling = spec.class_pooling = {.dense = {"pooler", true}};
  spec.pooling_tensors = {"*pooler.*"};
  spec.classifier = {"classifier", true};
  spec.classifier_tensors = {"classifier.*"};
  spec.other_heads = {"sop_classifier.*"};
  return build_encoder(config, tensors, spec);
}

}  // namespace

const Family& albert_family() {
  static const Family family{.name = "albert",
                             .summary = "ALBERT: BERT whose layers share their weights, with narrow embeddings",
                             .build = build};
  return family;
}

}  // namespace kerf::models
