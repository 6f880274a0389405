#include <fmt/format.h>

#include "core/strings.h"
#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

const std::vector<std::string> kTypes = {"global", "local"};

void add_layer(const JsonCursor& type, std::vector<bool>& local) {
  const std::string name = type.as_string();
  if (name != "global" && name != "local") type.fail(unknown_name("attention type", name, kTypes));
  local.push_back(name == "local");
}

/// Which layers see a window only: attention_layers, or attention_types as [[["global", "local"], 12]].
std::vector<bool> local_layers(const JsonCursor& config, std::int64_t layers) {
  std::vector<bool> local;
  if (const auto list = config.get("attention_layers")) {
    for (std::size_t i = 0; i < list->as_array().size(); ++i) add_layer(list->at(i), local);
  } else if (const auto types = config.get("attention_types")) {
    for (std::size_t i = 0; i < types->as_array().size(); ++i) {
      const JsonCursor names = types->at(i).at(std::size_t{0});
      const std::int64_t times = types->at(i).at(std::size_t{1}).as_int64_in(0, layers);
      for (std::int64_t t = 0; t < times && std::ssize(local) <= layers; ++t) {
        for (std::size_t n = 0; n < names.as_array().size(); ++n) add_layer(names.at(n), local);
      }
    }
  } else {
    for (std::int64_t i = 0; i < layers; ++i) local.push_back(i % 2 == 1);
  }
  if (std::ssize(local) != layers) {
    config.fail(fmt::format("found attention types of {} layers, expected {}", local.size(), layers));
  }
  return local;
}

description::Hyperparameters read_sizes(const JsonCursor& config) {
  description::Hyperparameters h;
  h.vocab_size = read_size(config, "vocab_size");
  h.hidden_size = read_size(config, "hidden_size");
  h.intermediate_size = read_size(config, "intermediate_size", 4 * h.hidden_size);
  h.layers = read_size(config, "num_layers");
  h.heads = h.kv_heads = read_size(config, "num_heads");
  h.head_dim = h.hidden_size / h.heads;
  h.context_length = h.max_positions = read_size(config, "max_position_embeddings");
  if (h.hidden_size % h.heads != 0) {
    config.fail(fmt::format("found hidden_size {} for {} heads, expected a multiple", h.hidden_size, h.heads));
  }
  h.norm_epsilon = config.double_or("layer_norm_epsilon", 1e-5);
  h.activation = read_activation(config, {"activation_function"}, "gelu_new");
  h.tied_head = config.bool_or("tie_word_embeddings", true);
  return h;
}

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  DecoderSpec spec;
  spec.family = "gpt_neo";
  spec.prefixes = {"transformer.", ""};
  const auto& h = spec.hyperparameters = read_sizes(config);
  spec.token_embedding = "wte";
  spec.position_embedding = "wpe";
  spec.final_norm = {.name = "ln_f", .kind = NormKind::kLayer, .epsilon = h.norm_epsilon, .bias = true};
  spec.head = {.name = "lm_head"};
  const auto local = local_layers(config, h.layers);
  const std::int64_t window = read_size(config, "window_size", 256);
  spec.layer = [=, norm = spec.final_norm](int layer) {
    const auto at = [layer](std::string_view part) { return fmt::format("h.{}.{}", layer, part); };
    return DecoderLayer{.attention_norm = like(norm, at("ln_1")),
                        .attention = {.query = {at("attn.attention.q_proj")},
                                      .key = {at("attn.attention.k_proj")},
                                      .value = {at("attn.attention.v_proj")},
                                      .output = {at("attn.attention.out_proj"), true},
                                      .scale = 1.0,
                                      .window = local[static_cast<std::size_t>(layer)] ? window : 0},
                        .feed_forward_norm = like(norm, at("ln_2")),
                        .feed_forward = {.up = {at("mlp.c_fc"), true}, .down = {at("mlp.c_proj"), true}}};
  };
  spec.ignorable = {{"*.attn.attention.bias", "the causal mask is part of the attention operator"},
                    {"*.attn.attention.masked_bias", "the causal mask is part of the attention operator"}};
  return build_decoder(config, tensors, spec);
}

}  // namespace

const Family& gpt_neo_family() {
  static const Family family{
      .name = "gpt_neo", .summary = "GPT-Neo: windows in every other layer, scores without a scale", .build = build};
  return family;
}

}  // namespace kerf::models
