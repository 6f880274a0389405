#include "formats/gguf/architectures/bert_like.h"
#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& bert_architecture();

namespace {

Rules table(const std::string& hugging_face, const std::string& gguf, Values values) {
  return norm("bert.embeddings." + hugging_face, gguf, Bias::kNone, values);
}
Rules layer(const std::string& hugging_face, const std::string& gguf) {
  return linear("bert.encoder.layer.{}." + hugging_face, "blk.{}." + gguf, Bias::kRequired);
}
Rules head(const std::string& hugging_face, const std::string& gguf) {
  return norm(hugging_face, gguf, Bias::kOptional, Values::kSame, false);
}

void read(const MetadataReader& metadata, const Container& container, Json& config) {
  read_encoder(metadata, container, config);
  const auto types = metadata.integer_in(kTokenTypeCountKey, 1, 1 << 16);
  if (!types) metadata.fail(kTokenTypeCountKey, "found no such key");
  config.set("type_vocab_size", *types);
}

}  // namespace

/// BertModel and BertForSequenceClassification. Source: llama.cpp, conversion/bert.py and src/models/bert.cpp.
const Architecture& bert_architecture() {
  static const Architecture architecture{
      .name = "bert",
      .model_types = {"bert"},
      .class_name = "BertModel",
      .optional_prefix = "bert.",
      .approximate_gelu = true,
      .tensors = joined({table("word_embeddings", "token_embd", Values::kSame),
                         table("position_embeddings", "position_embd", Values::kFloat32),
                         table("token_type_embeddings", "token_types", Values::kFloat32),
                         norm("bert.embeddings.LayerNorm", "token_embd_norm", Bias::kRequired),
                         layer("attention.self.query", "attn_q"), layer("attention.self.key", "attn_k"),
                         layer("attention.self.value", "attn_v"), layer("attention.output.dense", "attn_output"),
                         layer("attention.output.LayerNorm", "attn_output_norm"), layer("intermediate.dense", "ffn_up"),
                         layer("output.dense", "ffn_down"), layer("output.LayerNorm", "layer_output_norm"),
                         head("bert.pooler.dense", "cls"), head("classifier", "cls.output")}),
      .hyperparameters = layer_norm_sizes("layer_norm_eps"),
      .fixed = {{"hidden_act", {Json("gelu")}}, {"position_embedding_type", {Json("absolute")}}},
      .extra_keys = encoder_keys(),
      .write = write_encoder,
      .read = read,
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
