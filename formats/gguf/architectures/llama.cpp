#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& llama_architecture();

/// LlamaForCausalLM, and Mistral within its window. Source: llama.cpp, conversion/llama.py and
/// gguf-py/gguf/tensor_mapping.py.
const Architecture& llama_architecture() {
  static const Architecture architecture{
      .name = "llama",
      .model_types = {"llama", "mistral"},
      .class_name = "LlamaForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .rope_types = {"default", "linear", "yarn", "llama3", "freq_factors"},
      .attention_bias_key = "attention_bias",
      .mlp_bias_key = "mlp_bias",
      .tensors = joined({llama_ends(), llama_norms(), interleaved_attention(Bias::kOptional, Bias::kOptional),
                         llama_feed_forward(Bias::kOptional)}),
      .hyperparameters = llama_sizes(),
      .fixed = {{"hidden_act", {Json("silu"), Json("swish")}}},
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
