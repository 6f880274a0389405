#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "mistral");
  const auto windows = read_windows(config, spec.hyperparameters.layers, [](int) { return true; });
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = llama_layer(norm, layer);
    result.attention.window = windows(layer);
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& mistral_family() {
  static const Family family{.name = "mistral", .summary = "Mistral: Llama with a sliding window", .build = build};
  return family;
}

}  // namespace kerf::models
