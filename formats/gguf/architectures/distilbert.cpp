#include "core/error.h"
#include "formats/gguf/architectures/bert_like.h"
#include "formats/gguf/architectures/parts.h"
#include "formats/gguf/config.h"

namespace kerf::formats::gguf {

const Architecture& distilbert_architecture();

namespace {

using H = description::Hyperparameters;

constexpr double kEpsilon = 1e-12;

Rules table(const std::string& hugging_face, const std::string& gguf, Values values) {
  return norm("distilbert.embeddings." + hugging_face, gguf, Bias::kNone, values);
}
Rules layer(const std::string& hugging_face, const std::string& gguf) {
  return linear("distilbert.transformer.layer.{}." + hugging_face, "blk.{}." + gguf, Bias::kRequired);
}

void write(const description::Model& model, Metadata& metadata) {
  if (model.task == description::Task::kClassification) {
    throw_usage("found a classifier: its head has a ReLU where llama.cpp's bert architecture computes a tanh");
  }
  write_encoder(model, metadata);
}

}  // namespace

/// DistilBertModel: BERT without segments, whose epsilon is no part of the configuration. Source: llama.cpp,
/// conversion/bert.py.
const Architecture& distilbert_architecture() {
  static const Architecture architecture{
      .name = "bert",
      .model_types = {"distilbert"},
      .class_name = "DistilBertModel",
      .optional_prefix = "distilbert.",
      .approximate_gelu = true,
      .tensors = joined({table("word_embeddings", "token_embd", Values::kSame),
                         table("position_embeddings", "position_embd", Values::kFloat32),
                         norm("distilbert.embeddings.LayerNorm", "token_embd_norm", Bias::kRequired),
                         layer("attention.q_lin", "attn_q"), layer("attention.k_lin", "attn_k"),
                         layer("attention.v_lin", "attn_v"), layer("attention.out_lin", "attn_output"),
                         layer("sa_layer_norm", "attn_output_norm"), layer("ffn.lin1", "ffn_up"),
                         layer("ffn.lin2", "ffn_down"), layer("output_layer_norm", "layer_output_norm")}),
      .hyperparameters =
          {
              {"max_position_embeddings", "context_length", &H::context_length},
              {"dim", "embedding_length", &H::hidden_size},
              {"n_layers", "block_count", &H::layers},
              {"hidden_dim", "feed_forward_length", &H::intermediate_size},
              {"n_heads", "attention.head_count", &H::heads},
              {"num_key_value_heads", "attention.head_count_kv", &H::kv_heads, false},
              {"layer_norm_eps", "attention.layer_norm_epsilon", &H::norm_epsilon},
              {"vocab_size", "vocab_size", &H::vocab_size, false},
          },
      .fixed = {{"activation", {Json("gelu")}}},
      .extra_keys = encoder_keys(),
      .write = write,
      .read = read_encoder,
      .holds =
          [](const MetadataReader& metadata, const Container& container) {
            return !has_tensor(container, "token_types.weight") &&
                   metadata.number("bert.attention.layer_norm_epsilon") == kEpsilon;
          },
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
