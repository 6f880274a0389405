#include "formats/gguf/architectures/parts.h"
#include "formats/gguf/config.h"

namespace kerf::formats::gguf {

const Architecture& stablelm_architecture();

namespace {

/// A norm for each head.
Rules stacked_norms() {
  using H = description::Hyperparameters;
  return {{.hugging_face = "model.layers.{}.self_attn.q_layernorm.norms.{#}.weight",
           .gguf = "blk.{}.attn_q_norm.weight",
           .required = false,
           .parts = &H::heads},
          {.hugging_face = "model.layers.{}.self_attn.k_layernorm.norms.{#}.weight",
           .gguf = "blk.{}.attn_k_norm.weight",
           .required = false,
           .parts = &H::kv_heads}};
}

/// llama.cpp goes by the tensors.
void read(const MetadataReader&, const Container& container, Json& config) {
  config.set("use_parallel_residual", !has_tensor(container, "blk.0.ffn_norm.weight"));
  config.set("qk_layernorm", has_tensor(container, "blk.0.attn_q_norm.weight"));
}

}  // namespace

/// StableLmForCausalLM: layer norms; side by side where there is no norm before the feed-forward. Source: llama.cpp,
/// conversion/stablelm.py.
const Architecture& stablelm_architecture() {
  static const Architecture architecture{
      .name = "stablelm",
      .model_types = {"stablelm"},
      .class_name = "StableLmForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kPartial,
      .attention_bias_key = "use_qkv_bias",
      .own_head = true,
      .tensors = joined(
          {llama_ends(Bias::kRequired), llama_attention(Bias::kOptional, Bias::kNone), llama_feed_forward(),
           norm("model.layers.{}.input_layernorm", "blk.{}.attn_norm", Bias::kRequired),
           norm("model.layers.{}.post_attention_layernorm", "blk.{}.ffn_norm", Bias::kOptional, Values::kSame, false),
           stacked_norms()}),
      .hyperparameters =
          joined({layer_norm_sizes("layer_norm_eps"), SizeRules{{"use_parallel_residual", "use_parallel_residual",
                                                                 ConfigValue{ConfigValue::Type::kFlag, 0}, false}}}),
      .fixed = {{"hidden_act", {Json("silu"), Json("swish")}}},
      .read = read,
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
