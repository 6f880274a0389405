#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "llama");
  const bool attention = config.bool_or("attention_bias", false), feed_forward = config.bool_or("mlp_bias", false);
  spec.layer = [=, norm = spec.final_norm](int layer) {
    return llama_layer(norm, layer, {.qkv = attention, .output = attention, .feed_forward = feed_forward});
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& llama_family() {
  static const Family family{.name = "llama",
                             .summary =
                                 "Llama 1 to 3 and what shares their architecture: RMS norms, rotary "
                                 "positions, gated feed-forward, grouped keys",
                             .build = build};
  return family;
}

}  // namespace kerf::models
