#include "formats/gguf/architectures/gemma_like.h"
#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& gemma_architecture();

/// GemmaForCausalLM. Source: llama.cpp, conversion/gemma.py.
const Architecture& gemma_architecture() {
  static const Architecture architecture{
      .name = "gemma",
      .model_types = {"gemma"},
      .class_name = "GemmaForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .always_tied = true,
      .tensors = joined({gemma_ends(), llama_attention(Bias::kNone, Bias::kNone), llama_feed_forward(),
                         plus_one_norm("input_layernorm", "attn_norm"),
                         plus_one_norm("post_attention_layernorm", "ffn_norm")}),
      .hyperparameters = llama_sizes(),
      .fixed =
          {
              {"hidden_act", {Json("gelu_pytorch_tanh"), Json("gelu"), Json("gelu_new")}},
              {"hidden_activation", {Json("gelu_pytorch_tanh"), Json("gelu_new")}},
              {"attention_bias", {Json(false)}},
          },
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
