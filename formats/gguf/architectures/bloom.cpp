#include <fmt/format.h>

#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& bloom_architecture();

namespace {

using H = description::Hyperparameters;

void read(const MetadataReader& metadata, const Container&, Json& config) {
  const std::int64_t inner = *metadata.integer("bloom.feed_forward_length");
  const std::int64_t hidden = *metadata.integer("bloom.embedding_length");
  if (inner != 4 * hidden) {
    metadata.fail("bloom.feed_forward_length", fmt::format("found {}, expected four times {}", inner, hidden));
  }
  config.set("n_inner", Json());
}

}  // namespace

/// BloomForCausalLM. Source: llama.cpp, conversion/bloom.py; alibi's slopes are part of its graph.
const Architecture& bloom_architecture() {
  static const Architecture architecture{
      .name = "bloom",
      .model_types = {"bloom"},
      .class_name = "BloomForCausalLM",
      .optional_prefix = "transformer.",
      .tensors = joined({linear("transformer.word_embeddings", "token_embd"),
                         norm("transformer.word_embeddings_layernorm", "token_embd_norm", Bias::kRequired),
                         norm("transformer.ln_f", "output_norm", Bias::kRequired),
                         Rules{{"lm_head.weight", "output.weight", false}},
                         norm("transformer.h.{}.input_layernorm", "blk.{}.attn_norm", Bias::kRequired),
                         linear("transformer.h.{}.self_attention.query_key_value", "blk.{}.attn_qkv", Bias::kRequired,
                                RowOrder::kFusedByHead),
                         linear("transformer.h.{}.self_attention.dense", "blk.{}.attn_output", Bias::kRequired),
                         norm("transformer.h.{}.post_attention_layernorm", "blk.{}.ffn_norm", Bias::kRequired),
                         linear("transformer.h.{}.mlp.dense_h_to_4h", "blk.{}.ffn_up", Bias::kRequired),
                         linear("transformer.h.{}.mlp.dense_4h_to_h", "blk.{}.ffn_down", Bias::kRequired)}),
      .hyperparameters =
          {
              {"seq_length", "context_length", &H::context_length},
              {"hidden_size", "embedding_length", &H::hidden_size},
              {"n_layer", "block_count", &H::layers},
              {"n_inner", "feed_forward_length", &H::intermediate_size},
              {"n_head", "attention.head_count", &H::heads},
              {"num_key_value_heads", "attention.head_count_kv", &H::kv_heads, false},
              {"layer_norm_epsilon", "attention.layer_norm_epsilon", &H::norm_epsilon},
              {"vocab_size", "vocab_size", &H::vocab_size, false},
          },
      .fixed = {{"apply_residual_connection_post_layernorm", {Json(false)}}},
      .read = read,
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
