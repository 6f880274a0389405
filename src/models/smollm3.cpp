#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

/// Layers whose queries and keys are not turned.
std::vector<bool> unturned_layers(const JsonCursor& config, std::int64_t layers) {
  std::vector<bool> unturned(static_cast<std::size_t>(layers));
  const auto list = config.get("no_rope_layers");  // despite the name, 1 is a layer that is turned
  const std::int64_t interval = read_size(config, "no_rope_layer_interval", 4);
  for (std::size_t i = 0; i < unturned.size(); ++i) {
    unturned[i] = list ? list->at(i).as_int64_in(0, 1) == 0 : (static_cast<std::int64_t>(i) + 1) % interval == 0;
  }
  return unturned;
}

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "smollm3", {.tied_head = true, .rope = {.theta = 2e6}});
  const bool attention = config.bool_or("attention_bias", false), feed_forward = config.bool_or("mlp_bias", false);
  const bool slides = config.bool_or("use_sliding_window", false);
  const auto unturned = unturned_layers(config, spec.hyperparameters.layers);
  const auto windows = read_windows(config, spec.hyperparameters.layers,
                                    [&](int layer) { return slides && unturned[static_cast<std::size_t>(layer)]; });
  spec.layer = [=, norm = spec.final_norm](int layer) {
    const auto index = static_cast<std::size_t>(layer);
    DecoderLayer result =
        llama_layer(norm, layer, {.qkv = attention, .output = attention, .feed_forward = feed_forward});
    result.attention.window = slides ? windows[index] : 0;
    result.attention.rope = unturned[index] ? -1 : 0;
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
