#include "formats/gguf/architectures/bert_like.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "formats/gguf/config.h"

namespace kerf::formats::gguf {
namespace {

constexpr std::string_view kCausal = "attention.causal", kPooling = "pooling_type",
                           kLabels = "classifier.output_labels";
constexpr std::uint32_t kRank = 4;  ///< llama.cpp's pooling of a classifier

std::string key_of(std::string_view rest) { return fmt::format("bert.{}", rest); }

}  // namespace

std::vector<std::string_view> encoder_keys() { return {kCausal, kPooling, kLabels}; }

void write_encoder(const description::Model& model, Metadata& metadata) {
  if (model.task == description::Task::kMaskedLm) {
    throw_usage(
        "found a masked language model: llama.cpp's bert architecture has no such head, only encoders without "
        "one and classifiers; name BertModel or DistilBertModel in the architectures of config.json to write "
        "the encoder alone");
  }
  metadata.set(key_of(kCausal), false);
  metadata.set(std::string(kTokenTypeCountKey),
               static_cast<std::uint32_t>(std::max<std::int64_t>(model.hyperparameters.type_vocab_size, 1)));
  if (model.task != description::Task::kClassification) return;
  metadata.set(key_of(kPooling), kRank);
  metadata.set(key_of(kLabels), Array{model.labels});
}

void read_encoder(const MetadataReader& metadata, const Container& container, Json& config) {
  if (metadata.flag(key_of(kCausal)).value_or(true)) {
    metadata.fail(key_of(kCausal), "found true or no such key, expected false for an encoder");
  }
  if (!has_tensor(container, "cls.output.weight")) return;
  config.set("architectures", Json::Array{Json("BertForSequenceClassification")});
  const auto* labels = metadata.texts(key_of(kLabels));
  if (labels == nullptr) metadata.fail(key_of(kLabels), "found no such key, which a classifier needs");
  Json by_id = Json::object();
  for (std::size_t i = 0; i < labels->size(); ++i) by_id.set(std::to_string(i), (*labels)[i]);
  config.set("id2label", std::move(by_id));
}

}  // namespace kerf::formats::gguf
