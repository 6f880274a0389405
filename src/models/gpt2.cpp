#include <cmath>

#include <fmt/format.h>

#include "models/activation.h"
#include "models/config.h"
#include "models/decoder.h"
#include "models/families.h"

namespace kerf::models {
namespace {

description::Hyperparameters read_sizes(const JsonCursor& config) {
  description::Hyperparameters h;
  h.vocab_size = read_size(config, "vocab_size");
  h.hidden_size = read_size(config, "n_embd");
  h.intermediate_size = read_size(config, "n_inner", 4 * h.hidden_size);
  h.layers = read_size(config, "n_layer");
  h.heads = h.kv_heads = read_size(config, "n_head");
  h.head_dim = h.hidden_size / h.heads;
  h.context_length = h.max_positions = read_size(config, "n_positions");
  if (h.hidden_size % h.heads != 0) {
    config.fail(fmt::format("found n_embd {} for {} heads, expected a multiple", h.hidden_size, h.heads));
  }
  h.norm_epsilon = config.double_or("layer_norm_epsilon", 1e-5);
  const auto activation = config.get("activation_function");
  h.activation = activation ? read_activation(*activation) : "gelu_new";
  h.tied_head = config.bool_or("tie_word_embeddings", true);
  return h;
}

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  if (config.bool_or("add_cross_attention", false)) {
    config.at("add_cross_attention").fail("found a decoder that reads an encoder, expected one that stands alone");
  }
  DecoderSpec spec;
  spec.family = "gpt2";
  spec.prefixes = {"transformer.", ""};
  const auto& h = spec.hyperparameters = read_sizes(config);

  const bool scaled = config.bool_or("scale_attn_weights", true);
  const bool by_layer = config.bool_or("scale_attn_by_inverse_layer_idx", false);
  const double scale = scaled ? 1.0 / std::sqrt(static_cast<double>(h.head_dim)) : 1.0;
  const auto norm = [epsilon = h.norm_epsilon](std::string name) {
    return Norm{.name = std::move(name), .kind = NormKind::kLayer, .epsilon = epsilon, .bias = true};
  };
  // Its linear layers are "Conv1D" modules, whose weights are [in, out].
  const auto conv1d = [](std::string name) {
    return Linear{.name = std::move(name), .bias = true, .transposed = true};
  };
  spec.token_embedding = "wte";
  spec.position_embedding = "wpe";
  spec.layer = [=](int layer) {
    const auto at = [&](std::string_view part) { return fmt::format("h.{}.{}", layer, part); };
    return DecoderLayer{.attention_norm = norm(at("ln_1")),
                        .attention = {.fused = conv1d(at("attn.c_attn")),
                                      .output = conv1d(at("attn.c_proj")),
                                      .scale = by_layer ? scale / (layer + 1) : scale},
                        .feed_forward_norm = norm(at("ln_2")),
                        .feed_forward = {.up = conv1d(at("mlp.c_fc")), .down = conv1d(at("mlp.c_proj"))}};
  };
  spec.final_norm = norm("ln_f");
  spec.head = {.name = "lm_head"};
  spec.ignorable = {{"*.attn.bias", "the causal mask is part of the attention operator"},
                    {"*.attn.masked_bias", "the causal mask is part of the attention operator"}};
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& gpt2_family() {
  static const Family family{
      .name = "gpt2", .summary = "GPT-2: layer norms, learned positions, a plain feed-forward", .build = build};
  return family;
}

}  // namespace kerf::models
