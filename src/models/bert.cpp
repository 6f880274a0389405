#include "models/bert.h"

#include <utility>

#include <fmt/format.h>

#include "models/families.h"

namespace kerf::models {

Norm layer_norm(std::string name, double epsilon) {
  return {.name = std::move(name), .kind = NormKind::kLayer, .epsilon = epsilon, .bias = true};
}

EncoderSpec describe_bert(const JsonCursor& config) {
  EncoderSpec spec;
  const auto& h = spec.hyperparameters = read_encoder_sizes(config);
  spec.embedding = {.token = "embeddings.word_embeddings",
                    .position = "embeddings.position_embeddings",
                    .type = "embeddings.token_type_embeddings",
                    .norm = layer_norm("embeddings.LayerNorm", h.norm_epsilon)};
  spec.layer = [epsilon = h.norm_epsilon](int layer) {
    const auto at = [&](std::string_view part) { return fmt::format("encoder.layer.{}.{}", layer, part); };
    return EncoderLayer{.attention = {.query = {at("attention.self.query"), true},
                                      .key = {at("attention.self.key"), true},
                                      .value = {at("attention.self.value"), true},
                                      .output = {at("attention.output.dense"), true}},
                        .attention_norm = layer_norm(at("attention.output.LayerNorm"), epsilon),
                        .mlp = {.up = {at("intermediate.dense"), true}, .down = {at("output.dense"), true}},
                        .mlp_norm = layer_norm(at("output.LayerNorm"), epsilon)};
  };
  spec.pooling = {.dense = {"pooler.dense", true}};
  spec.pooling_tensors = {"*pooler.dense.*"};
  return spec;
}

namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  EncoderSpec spec = describe_bert(config);
  const auto& h = spec.hyperparameters;
  spec.family = "bert";
  spec.prefixes = {"bert.", ""};
  MaskedLmHead& head = spec.masked_lm;
  head.transform = {"cls.predictions.transform.dense", true};
  head.activation = h.activation;
  head.norm = layer_norm("cls.predictions.transform.LayerNorm", h.norm_epsilon);
  head.decoder = "cls.predictions.decoder";
  head.bias = "cls.predictions.bias";
  spec.masked_lm_tensors = {"cls.predictions.*"};
  spec.class_pooling = spec.pooling;
  spec.classifier = {"classifier", true};
  spec.classifier_tensors = {"classifier.*"};
  spec.other_heads = {"cls.seq_relationship.*"};
  return build_encoder(config, tensors, spec);
}

}  // namespace

const Family& bert_family() {
  static const Family family{.name = "bert",
                             .summary = "BERT and what is distilled from it: norms after each sum, learned positions",
                             .build = build};
  return family;
}

}  // namespace kerf::models
