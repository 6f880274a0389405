#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "qwen3");
  const bool bias = config.bool_or("attention_bias", false), slides = config.bool_or("use_sliding_window", false);
  const std::int64_t first = config.int64_or("max_window_layers", 28);
  const auto windows =
      read_windows(config, spec.hyperparameters.layers, [=](int layer) { return slides && layer >= first; });
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = llama_layer(norm, layer, {.qkv = bias, .output = bias});
    result.attention.query_norm = like(norm, in_layer(layer, "self_attn.q_norm"));
    result.attention.key_norm = like(norm, in_layer(layer, "self_attn.k_norm"));
    result.attention.window = slides ? windows(layer) : 0;
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& qwen3_family() {
  static const Family family{
      .name = "qwen3", .summary = "Qwen 3: Llama with norms of query and key heads", .build = build};
  return family;
}

}  // namespace kerf::models
