#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& phi2_architecture();

/// PhiForCausalLM: attention and feed-forward side by side, biases everywhere. Source: llama.cpp, conversion/phi.py.
const Architecture& phi2_architecture() {
  static const Architecture architecture{
      .name = "phi2",
      .model_types = {"phi"},
      .class_name = "PhiForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kPartial,
      .own_head = true,
      .tensors = joined({linear("model.embed_tokens", "token_embd"),
                         norm("model.final_layernorm", "output_norm", Bias::kRequired),
                         linear("lm_head", "output", Bias::kRequired),
                         norm("model.layers.{}.input_layernorm", "blk.{}.attn_norm", Bias::kRequired),
                         linear("model.layers.{}.self_attn.q_proj", "blk.{}.attn_q", Bias::kRequired),
                         linear("model.layers.{}.self_attn.k_proj", "blk.{}.attn_k", Bias::kRequired),
                         linear("model.layers.{}.self_attn.v_proj", "blk.{}.attn_v", Bias::kRequired),
                         linear("model.layers.{}.self_attn.dense", "blk.{}.attn_output", Bias::kRequired),
                         linear("model.layers.{}.mlp.fc1", "blk.{}.ffn_up", Bias::kRequired),
                         linear("model.layers.{}.mlp.fc2", "blk.{}.ffn_down", Bias::kRequired)}),
      .hyperparameters = layer_norm_sizes("layer_norm_eps"),
      .fixed = {{"hidden_act", {Json("gelu_new"), Json("gelu_pytorch_tanh")}}, {"qk_layernorm", {Json(false)}}},
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
