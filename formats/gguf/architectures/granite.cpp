#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& granite_architecture();

namespace {

constexpr ConfigValue kFactor{ConfigValue::Type::kNumber, 1.0};

}  // namespace

/// GraniteForCausalLM: llama with factors of embeddings, sums, scores and logits. Source: llama.cpp,
/// conversion/granite.py.
const Architecture& granite_architecture() {
  static const Architecture architecture{
      .name = "granite",
      .model_types = {"granite"},
      .class_name = "GraniteForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .attention_bias_key = "attention_bias",
      .mlp_bias_key = "mlp_bias",
      .tensors = joined({llama_ends(), llama_norms(), interleaved_attention(Bias::kOptional, Bias::kOptional),
                         llama_feed_forward(Bias::kOptional)}),
      .hyperparameters = joined({llama_sizes(),
                                 SizeRules{
                                     {"logits_scaling", "logit_scale", kFactor},
                                     {"residual_multiplier", "residual_scale", kFactor, false},
                                     {"embedding_multiplier", "embedding_scale", kFactor, false},
                                     {"attention_multiplier", "attention.scale", kFactor},
                                 }}),
      .fixed = {{"hidden_act", {Json("silu"), Json("swish")}}},
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
