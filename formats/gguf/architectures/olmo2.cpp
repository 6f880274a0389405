#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& olmo2_architecture();

/// Olmo2ForCausalLM: norms of queries, keys and of what is added, none before. Source: llama.cpp, conversion/olmo.py.
const Architecture& olmo2_architecture() {
  static const Architecture architecture{
      .name = "olmo2",
      .model_types = {"olmo2"},
      .class_name = "Olmo2ForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .own_head = true,
      .tensors = joined({llama_ends(), llama_attention(Bias::kNone, Bias::kNone), head_norms(), llama_feed_forward(),
                         norm("model.layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm"),
                         norm("model.layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm")}),
      .hyperparameters = llama_sizes(),
      .fixed = {{"hidden_act", {Json("silu"), Json("swish")}}, {"attention_bias", {Json(false)}}},
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
