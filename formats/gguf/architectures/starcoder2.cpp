#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& starcoder2_architecture();

/// Starcoder2ForCausalLM within its window. Source: llama.cpp, conversion/starcoder.py.
const Architecture& starcoder2_architecture() {
  static const Architecture architecture{
      .name = "starcoder2",
      .model_types = {"starcoder2"},
      .class_name = "Starcoder2ForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .attention_bias_key = "use_bias",
      .tensors = joined({llama_ends(Bias::kRequired), llama_norms(Bias::kRequired),
                         llama_attention(Bias::kOptional, Bias::kOptional),
                         linear("model.layers.{}.mlp.c_fc", "blk.{}.ffn_up", Bias::kOptional),
                         linear("model.layers.{}.mlp.c_proj", "blk.{}.ffn_down", Bias::kOptional)}),
      .hyperparameters = layer_norm_sizes("norm_epsilon"),
      .fixed = {{"hidden_act", {Json("gelu_pytorch_tanh"), Json("gelu_new")}}},
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
