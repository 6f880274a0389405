#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

/// Are the queries and keys of a layer left as they are?
std::function<bool(int layer)> read_unturned(const JsonCursor& config) {
  const auto list = config.get("no_rope_layers");  // despite the name, 1 is a layer that is turned
  if (list) return [=](int layer) { return list->at(static_cast<std::size_t>(layer)).as_int64_in(0, 1) == 0; };
  const std::int64_t interval = read_size(config, "no_rope_layer_interval", 4);
  return [=](int layer) { return (layer + 1) % interval == 0; };
}

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "smollm3", {.tied_head = true, .rope = {.theta = 2e6}});
  const bool attention = config.bool_or("attention_bias", false), feed_forward = config.bool_or("mlp_bias", false);
  const bool slides = config.bool_or("use_sliding_window", false);
  const auto unturned = read_unturned(config);
  const auto windows =
      read_windows(config, spec.hyperparameters.layers, [=](int layer) { return slides && unturned(layer); });
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result =
        llama_layer(norm, layer, {.qkv = attention, .output = attention, .feed_forward = feed_forward});
    result.attention.window = slides ? windows(layer) : 0;
    result.attention.rope = unturned(layer) ? -1 : 0;
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& smollm3_family() {
  static const Family family{
      .name = "smollm3", .summary = "SmolLM 3: Llama with layers that have no rotary positions", .build = build};
  return family;
}

}  // namespace kerf::models
