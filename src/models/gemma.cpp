#include "models/config.h"
#include "models/families.h"
#include "models/gemma_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = gemma_like(config, "gemma");
  const bool bias = config.bool_or("attention_bias", false);
  spec.layer = [=, norm = spec.final_norm](int layer) {
    return llama_layer(norm, layer, {.qkv = bias, .output = bias});
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& gemma_family() {
  static const Family family{
      .name = "gemma", .summary = "Gemma: Llama with a scaled embedding and norms around 1", .build = build};
  return family;
}

}  // namespace kerf::models
