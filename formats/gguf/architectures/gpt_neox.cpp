#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& gpt_neox_architecture();

/// GPTNeoXForCausalLM. Source: llama.cpp, conversion/gpt_neox.py.
const Architecture& gpt_neox_architecture() {
  static const Architecture architecture{
      .name = "gptneox",
      .model_types = {"gpt_neox"},
      .class_name = "GPTNeoXForCausalLM",
      .optional_prefix = "gpt_neox.",
      .rotation = Rotation::kPartial,
      .own_head = true,
      .approximate_gelu = true,
      .tensors = joined({linear("gpt_neox.embed_in", "token_embd"),
                         norm("gpt_neox.final_layer_norm", "output_norm", Bias::kRequired),
                         Rules{{"embed_out.weight", "output.weight"}},
                         norm("gpt_neox.layers.{}.input_layernorm", "blk.{}.attn_norm", Bias::kRequired),
                         linear("gpt_neox.layers.{}.attention.query_key_value", "blk.{}.attn_qkv", Bias::kRequired,
                                RowOrder::kFusedByHead),
                         linear("gpt_neox.layers.{}.attention.dense", "blk.{}.attn_output", Bias::kRequired),
                         norm("gpt_neox.layers.{}.post_attention_layernorm", "blk.{}.ffn_norm", Bias::kRequired),
                         linear("gpt_neox.layers.{}.mlp.dense_h_to_4h", "blk.{}.ffn_up", Bias::kRequired),
                         linear("gpt_neox.layers.{}.mlp.dense_4h_to_h", "blk.{}.ffn_down", Bias::kRequired)}),
      .hyperparameters = joined(
          {layer_norm_sizes("layer_norm_eps"),
           SizeRules{{"use_parallel_residual", "use_parallel_residual", ConfigValue{ConfigValue::Type::kFlag, 1}}}}),
      .fixed = {{"hidden_act", {Json("gelu")}}, {"attention_bias", {Json(true)}}},
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
