#include "models/config.h"
#include "models/families.h"
#include "models/gemma_like.h"

namespace kerf::models {
namespace {

constexpr double kTheta = 1e6, kLocalTheta = 1e4;

/// The rope of the layers with a window: among several rope_parameters, or in older configurations a frequency alone.
Rope read_local_rope(const JsonCursor& config, std::int64_t head_dim) {
  const auto parameters = config.get("rope_parameters");
  if (parameters && parameters->has("sliding_attention")) {
    return read_rope(parameters->at("sliding_attention"), config, head_dim, {.theta = kLocalTheta});
  }
  Rope rope;
  rope.type = "default";
  rope.theta = config.double_or("rope_local_base_freq", kLocalTheta);
  if (!(rope.theta > 0)) config.at("rope_local_base_freq").fail("found 0 or less, expected a positive number");
  rope.inverse_frequencies = default_inverse_frequencies(rope.theta, head_dim);
  return rope;
}

Rope read_global_rope(const JsonCursor& config, std::int64_t head_dim) {
  const auto parameters = config.get("rope_parameters");
  if (parameters && parameters->has("full_attention")) {
    return read_rope(parameters->at("full_attention"), config, head_dim, {.theta = kTheta});
  }
  return read_rope(config, head_dim, {.theta = kTheta});
}

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = gemma_like(config, "gemma3_text", {.theta = kTheta});
  auto& h = spec.hyperparameters;
  spec.ropes.clear();
  add_rope(spec, read_global_rope(config, h.head_dim));
  add_rope(spec, read_local_rope(config, h.head_dim));
  const std::int64_t pattern =
      read_size(config, "sliding_window_pattern", read_size(config, "_sliding_window_pattern", 6));
  const auto windows = read_windows(config, h.layers, [=](int layer) { return (layer + 1) % pattern != 0; });
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = sandwich_layer(config, norm, layer);
    result.attention.query_norm = like(norm, in_layer(layer, "self_attn.q_norm"));
    result.attention.key_norm = like(norm, in_layer(layer, "self_attn.k_norm"));
    result.attention.window = windows(layer);
    result.attention.rope = result.attention.window > 0 ? 1 : 0;
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& gemma3_family() {
  static const Family family{.name = "gemma3_text",
                             .summary = "Gemma 3 (text): windows in most layers, with a rope of their own",
                             .build = build};
  return family;
}

}  // namespace kerf::models
