#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "phi3", {.norm_epsilon = 1e-5});
  const auto windows = read_windows(config, spec.hyperparameters.layers, [](int) { return true; });
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = llama_layer(norm, layer);
    const std::int64_t window = windows(layer);
    result.attention = {.fused = {in_layer(layer, "self_attn.qkv_proj")},
                        .output = {in_layer(layer, "self_attn.o_proj")},
                        .window = window};
    result.feed_forward = {.gate_up = {in_layer(layer, "mlp.gate_up_proj")},
                           .down = {in_layer(layer, "mlp.down_proj")}};
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& phi3_family() {
  static const Family family{
      .name = "phi3", .summary = "Phi 3, 3.5 and 4: Llama with fused projections", .build = build};
  return family;
}

}  // namespace kerf::models
