#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& phi3_architecture();

namespace {

constexpr std::string_view kWindow = "attention.sliding_window";

/// Files say a window that llama.cpp does not compute; what they were trained with counts.
void read(const MetadataReader& metadata, const Container&, Json& config) {
  const auto window = metadata.integer_in("phi3.attention.sliding_window", 0, std::int64_t{1} << 31);
  if (window.value_or(0) > 0) config.set("sliding_window", *window);
}

}  // namespace

/// Phi3ForCausalLM: fused projections, rotation by factors for long and for short texts. Source: llama.cpp,
/// conversion/phi.py.
const Architecture& phi3_architecture() {
  static const Architecture architecture{
      .name = "phi3",
      .model_types = {"phi3"},
      .class_name = "Phi3ForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kPartial,
      .rope_types = {"default", "linear", "longrope", "su"},
      .tensors = joined({llama_ends(), llama_norms(), linear("model.layers.{}.self_attn.qkv_proj", "blk.{}.attn_qkv"),
                         linear("model.layers.{}.self_attn.o_proj", "blk.{}.attn_output"),
                         linear("model.layers.{}.mlp.gate_up_proj", "blk.{}.ffn_up"),
                         linear("model.layers.{}.mlp.down_proj", "blk.{}.ffn_down")}),
      .hyperparameters = llama_sizes(),
      .fixed = {{"hidden_act", {Json("silu"), Json("swish")}}},
      .extra_keys = {kWindow},
      .read = read,
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
