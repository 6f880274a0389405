#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "granite");
  spec.embedding_scale = config.double_or("embedding_multiplier", 1.0);
  spec.residual_scale = config.double_or("residual_multiplier", 1.0);
  const double scaling = config.double_or("logits_scaling", 1.0);
  if (!(scaling > 0)) config.at("logits_scaling").fail("found 0 or less, expected a positive number");
  spec.logit_scale = 1 / scaling;
  const double scale = config.double_or("attention_multiplier", 1.0);
  const bool attention = config.bool_or("attention_bias", false), feed_forward = config.bool_or("mlp_bias", false);
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result =
        llama_layer(norm, layer, {.qkv = attention, .output = attention, .feed_forward = feed_forward});
    result.attention.scale = scale;
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& granite_family() {
  static const Family family{.name = "granite",
                             .summary = "Granite: Llama with factors of embedding, attention, residuals and logits",
                             .build = build};
  return family;
}

}  // namespace kerf::models
