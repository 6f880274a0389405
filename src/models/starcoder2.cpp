#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "starcoder2", {.tied_head = true, .activation = "gelu_pytorch_tanh"});
  auto& h = spec.hyperparameters;
  h.norm_epsilon = config.double_or("norm_epsilon", 1e-5);
  spec.final_norm = {.name = "norm", .kind = NormKind::kLayer, .epsilon = h.norm_epsilon, .bias = true};
  const bool bias = config.bool_or("use_bias", true);
  const auto windows = read_windows(config, h.layers, [](int) { return true; });
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = llama_layer(norm, layer, {.qkv = bias, .output = bias});
    result.attention.window = windows(layer);
    result.feed_forward = {.up = {in_layer(layer, "mlp.c_fc"), bias}, .down = {in_layer(layer, "mlp.c_proj"), bias}};
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& starcoder2_family() {
  static const Family family{
      .name = "starcoder2", .summary = "StarCoder 2: layer norms, grouped keys, a plain feed-forward", .build = build};
  return family;
}

}  // namespace kerf::models
