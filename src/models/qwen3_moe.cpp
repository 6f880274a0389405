#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

Experts experts_of(int layer, const description::Hyperparameters& h, std::int64_t width, bool normalized) {
  const auto at = [layer](std::string_view part) { return in_layer(layer, fmt::format("mlp.{}", part)); };
  return {.count = h.experts,
          .chosen = h.experts_per_token,
          .normalized = normalized,
          .router = {at("gate")},
          .expert = [=](int expert) {
            const auto part = [&](std::string_view name) { return at(fmt::format("experts.{}.{}", expert, name)); };
            return FeedForward{
                .gate = {part("gate_proj")}, .up = {part("up_proj")}, .down = {part("down_proj")}, .width = width};
          }};
}

/// Does a layer keep a plain feed-forward?
std::function<bool(int layer)> read_dense(const JsonCursor& config, std::int64_t layers) {
  const std::int64_t step = read_size(config, "decoder_sparse_step", 1);
  std::set<std::int64_t> listed;
  if (const auto list = config.get("mlp_only_layers")) {
    for (std::size_t i = 0; i < list->as_array().size(); ++i) listed.insert(list->at(i).as_int64_in(0, layers - 1));
  }
  return [=](int layer) { return (layer + 1) % step != 0 || listed.contains(layer); };
}

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec = llama_like(config, "qwen3_moe");
  auto& h = spec.hyperparameters;
  read_experts(config, {"num_experts", "num_local_experts"}, 128, 8, h);
  const std::int64_t width = read_size(config, "moe_intermediate_size", 768);
  const bool bias = config.bool_or("attention_bias", false), normalized = config.bool_or("norm_topk_prob", false);
  const bool slides = config.bool_or("use_sliding_window", false);
  const auto windows = read_windows(config, h.layers, [slides](int) { return slides; });
  const auto is_dense = read_dense(config, h.layers);
  spec.layer = [=, norm = spec.final_norm](int layer) {
    DecoderLayer result = llama_layer(norm, layer, {.qkv = bias, .output = bias});
    result.attention.query_norm = like(norm, in_layer(layer, "self_attn.q_norm"));
    result.attention.key_norm = like(norm, in_layer(layer, "self_attn.k_norm"));
    result.attention.window = windows(layer);
    if (!is_dense(layer)) {
      result.feed_forward = {.experts = std::make_shared<Experts>(experts_of(layer, h, width, normalized))};
    }
    return result;
  };
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& qwen3_moe_family() {
  static const Family family{.name = "qwen3_moe", .summary = "Qwen 3 with a mixture of experts", .build = build};
  return family;
}

}  // namespace kerf::models
