#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& qwen2_architecture();

/// Qwen2ForCausalLM. Source: llama.cpp, conversion/qwen.py.
const Architecture& qwen2_architecture() {
  static const Architecture architecture{
      .name = "qwen2",
      .model_types = {"qwen2"},
      .class_name = "Qwen2ForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .tensors =
          joined({llama_ends(), llama_norms(), llama_attention(Bias::kRequired, Bias::kNone), llama_feed_forward()}),
      .hyperparameters = llama_sizes(),
      .fixed = {{"hidden_act", {Json("silu"), Json("swish")}}},
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
