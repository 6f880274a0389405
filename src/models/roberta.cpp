#include <utility>

#include <fmt/format.h>

#include "models/bert.h"
#include "models/families.h"

namespace kerf::models {
namespace {

ModelGraph build_named(std::string family, const JsonCursor& config, const graph::SourceMap& tensors) {
  EncoderSpec spec = describe_bert(config);
  auto& h = spec.hyperparameters;
  spec.family = std::move(family);
  spec.prefixes = {"roberta.", ""};
  // Positions begin behind the padding's, and tokens that are padding are not counted.
  const std::int64_t padding = config.int64_or("pad_token_id", 1);
  if (padding < 0 || padding >= h.max_positions - 1) {
    config.at("pad_token_id").fail(fmt::format("found {}, expected it before {} positions", padding, h.max_positions));
  }
  spec.positions = {.first = padding + 1, .skipped_id = padding};
  h.context_length = h.max_positions -= spec.positions.first;

  MaskedLmHead& head = spec.masked_lm;
  head.transform = {"lm_head.dense", true};
  head.activation = "gelu";
  head.norm = layer_norm("lm_head.layer_norm", h.norm_epsilon);
  head.decoder = "lm_head.decoder";
  head.bias = "lm_head.bias";
  spec.masked_lm_tensors = {"lm_head.*"};
  spec.class_pooling = {.dense = {"classifier.dense", true}};
  spec.classifier = {"classifier.out_proj", true};
  spec.classifier_tensors = {"classifier.*"};
  return build_encoder(config, tensors, spec);
}

constexpr std::string_view kSummary = "RoBERTa: BERT's layers, positions counted over tokens that are no padding";

}  // namespace

const Family& roberta_family() {
  static const Family family{
      .name = "roberta", .summary = kSummary, .build = [](const JsonCursor& config, const graph::SourceMap& tensors) {
        return build_named("roberta", config, tensors);
      }};
  return family;
}

const Family& xlm_roberta_family() {
  static const Family family{.name = "xlm-roberta",
                             .summary = "XLM-RoBERTa: RoBERTa in a hundred languages",
                             .build = [](const JsonCursor& config, const graph::SourceMap& tensors) {
                               return build_named("xlm-roberta", config, tensors);
                             }};
  return family;
}

const Family& camembert_family() {
  static const Family family{.name = "camembert",
                             .summary = "CamemBERT: RoBERTa in French",
                             .build = [](const JsonCursor& config, const graph::SourceMap& tensors) {
                               return build_named("camembert", config, tensors);
                             }};
  return family;
}

}  // namespace kerf::models
