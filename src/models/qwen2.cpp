#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "qwen2");
  const bool slides = config.bool_or("use_sliding_window", false);
  const std::int64_t first = config.int64_or("max_window_layers", 28);
  const auto windows =
      read_windows(config, spec.hyperparameters.layers, [=](int layer) { return slides && layer >= first; });
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = llama_layer(norm, layer, {.qkv = true});
    result.attention.window = slides ? windows(layer) : 0;
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& qwen2_family() {
  static const Family family{
      .name = "qwen2", .summary = "Qwen 2 and 2.5: Llama with biases of query, key and value", .build = build};
  return family;
}

}  // namespace kerf::models
