#include <fmt/format.h>

#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

Experts experts_of(int layer, const description::Hyperparameters& h) {
  const auto at = [layer](std::string_view part) { return in_layer(layer, fmt::format("block_sparse_moe.{}", part)); };
  return {.count = h.experts, .chosen = h.experts_per_token, .router = {at("gate")}, .expert = [at](int expert) {
            const auto part = [&](std::string_view name) { return at(fmt::format("experts.{}.{}", expert, name)); };
            return FeedForward{.gate = {part("w1")}, .up = {part("w3")}, .down = {part("w2")}};
          }};
}

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "mixtral", {.norm_epsilon = 1e-5, .rope = {.theta = 1e6}});
  auto& h = spec.hyperparameters;
  read_experts(config, {"num_local_experts"}, 8, 2, h);
  const auto windows = read_windows(config, h.layers, [](int) { return true; });
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = llama_layer(norm, layer);
    result.attention.window = windows(layer);
    result.feed_forward = {.experts = std::make_shared<Experts>(experts_of(layer, h))};
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& mixtral_family() {
  static const Family family{
      .name = "mixtral", .summary = "Mixtral: Mistral with a mixture of experts in every layer", .build = build};
  return family;
}

}  // namespace kerf::models
