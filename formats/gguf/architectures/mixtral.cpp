#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& mixtral_architecture();

namespace {

Rules experts() {
  const auto expert = [](const char* name, const char* gguf) {
    return TensorRule{.hugging_face = std::string("model.layers.{}.block_sparse_moe.experts.{#}.") + name,
                      .gguf = gguf,
                      .parts = &description::Hyperparameters::experts};
  };
  return {{.hugging_face = "model.layers.{}.block_sparse_moe.gate.weight",
           .gguf = "blk.{}.ffn_gate_inp.weight",
           .values = Values::kFloat32},
          expert("w1.weight", "blk.{}.ffn_gate_exps.weight"),
          expert("w2.weight", "blk.{}.ffn_down_exps.weight"),
          expert("w3.weight", "blk.{}.ffn_up_exps.weight")};
}

}  // namespace

/// MixtralForCausalLM: llama with a stack of experts in place of each matrix. Source: llama.cpp, conversion/llama.py.
const Architecture& mixtral_architecture() {
  static const Architecture architecture{
      .name = "llama",
      .model_types = {"mixtral"},
      .class_name = "MixtralForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .rope_types = {"default", "linear", "yarn", "llama3", "freq_factors"},
      .tensors = joined({llama_ends(), llama_norms(), interleaved_attention(Bias::kNone, Bias::kNone), experts()}),
      .hyperparameters = joined({llama_sizes(), expert_sizes("num_local_experts")}),
      .fixed = {{"hidden_act", {Json("silu"), Json("swish")}}},
      .holds = [](const MetadataReader& metadata,
                  const Container&) { return metadata.integer("llama.expert_count").value_or(0) > 0; },
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
