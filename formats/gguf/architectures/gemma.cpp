#include "core/error.h"
#include "formats/gguf/architectures/gemma_like.h"
#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& gemma_architecture();

namespace {

/// hidden_act counts only where hidden_activation is absent, and the first configurations said gelu.
void write(const description::Model& model, Metadata&) {
  if (model.hyperparameters.activation != "gelu") return;
  throw_usage(
      "found the activation gelu in config.json: llama.cpp's gemma architecture computes gelu_pytorch_tanh, "
      "which Gemma was trained with; say that as hidden_activation");
}

}  // namespace

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
      .write = write,
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
