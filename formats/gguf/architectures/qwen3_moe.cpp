#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& qwen3_moe_architecture();

namespace {

Rules experts() {
  const auto expert = [](const char* name, const char* gguf) {
    return TensorRule{.hugging_face = std::string("model.layers.{}.mlp.experts.{#}.") + name,
                      .gguf = gguf,
                      .parts = &description::Hyperparameters::experts};
  };
  return {{.hugging_face = "model.layers.{}.mlp.gate.weight",
           .gguf = "blk.{}.ffn_gate_inp.weight",
           .values = Values::kFloat32},
          expert("gate_proj.weight", "blk.{}.ffn_gate_exps.weight"),
          expert("down_proj.weight", "blk.{}.ffn_down_exps.weight"),
          expert("up_proj.weight", "blk.{}.ffn_up_exps.weight")};
}

}  // namespace

/// Qwen3MoeForCausalLM: every layer is a mixture, and the weights of the chosen experts sum to 1. Source: llama.cpp,
/// conversion/qwen.py.
const Architecture& qwen3_moe_architecture() {
  static const Architecture architecture{
      .name = "qwen3moe",
      .model_types = {"qwen3_moe"},
      .class_name = "Qwen3MoeForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .tensors =
          joined({llama_ends(), llama_norms(), llama_attention(Bias::kNone, Bias::kNone), head_norms(), experts()}),
      .hyperparameters = joined({llama_sizes(), expert_sizes("num_experts"),
                                 SizeRules{{"moe_intermediate_size", "expert_feed_forward_length",
                                            ConfigValue{ConfigValue::Type::kInteger, 768}}}}),
      .fixed =
          {
              {"hidden_act", {Json("silu"), Json("swish")}},
              {"attention_bias", {Json(false)}},
              {"norm_topk_prob", {Json(true)}, false},
              {"decoder_sparse_step", {Json(1)}},
              {"mlp_only_layers", {Json::array()}},
          },
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
