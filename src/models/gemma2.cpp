#include "models/config.h"
#include "models/families.h"
#include "models/gemma_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = gemma_like(config, "gemma2");
  const auto windows = read_windows(config, spec.hyperparameters.layers, [](int layer) { return layer % 2 == 0; });
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = sandwich_layer(config, norm, layer);
    result.attention.window = windows(layer);
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& gemma2_family() {
  static const Family family{
      .name = "gemma2", .summary = "Gemma 2: windows in every other layer, capped scores and logits", .build = build};
  return family;
}

}  // namespace kerf::models
