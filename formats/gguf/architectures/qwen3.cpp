#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& qwen3_architecture();

/// Qwen3ForCausalLM. Source: llama.cpp, conversion/qwen.py.
const Architecture& qwen3_architecture() {
  static const Architecture architecture{
      .name = "qwen3",
      .model_types = {"qwen3"},
      .class_name = "Qwen3ForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .tensors = joined(
          {llama_ends(), llama_norms(), llama_attention(Bias::kNone, Bias::kNone), head_norms(), llama_feed_forward()}),
      .hyperparameters = llama_sizes(),
      .fixed = {{"hidden_act", {Json("silu"), Json("swish")}}, {"attention_bias", {Json(false)}}},
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
