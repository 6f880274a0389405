#include <algorithm>

#include <fmt/format.h>

#include "core/strings.h"
#include "models/config.h"
#include "models/families.h"
#include "models/llama_like.h"

namespace kerf::models {
namespace {

const std::vector<std::string> kTypes = {"global", "local"};

bool is_local(const JsonCursor& type) {
  const std::string name = type.as_string();
  if (name != "global" && name != "local") type.fail(unknown_name("attention type", name, kTypes));
  return name == "local";
}

void check_count(const JsonCursor& config, std::int64_t found, std::int64_t layers) {
  if (found == layers) return;
  config.fail(fmt::format("found attention types of {} layers, expected {}", found, layers));
}

/// attention_types as [[["global", "local"], 12]]: names, and how often they repeat.
std::function<bool(int layer)> read_repeated_types(const JsonCursor& config, const JsonCursor& types,
                                                   std::int64_t layers) {
  struct Group {
    JsonCursor names;
    std::int64_t end = 0;  ///< the first layer behind it
  };
  std::vector<Group> groups;
  std::int64_t end = 0;
  for (std::size_t i = 0; i < types.as_array().size(); ++i) {
    const JsonCursor names = types.at(i).at(std::size_t{0});
    // At most 2^24 layers times the names of a list: no overflow.
    end += types.at(i).at(std::size_t{1}).as_int64_in(0, layers) * std::ssize(names.as_array());
    if (end > layers) check_count(config, end, layers);
    if (!names.as_array().empty()) groups.push_back({names, end});
  }
  check_count(config, end, layers);
  return [=](int layer) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return layer < g.end; });
    // A group ends where its last name does, so that counting backwards finds the name.
    const auto count = std::ssize(group->names.as_array());
    return is_local(group->names.at(static_cast<std::size_t>(count - 1 - (group->end - 1 - layer) % count)));
  };
}

/// Which layers see a window only: attention_layers, or the shorter attention_types.
std::function<bool(int layer)> read_local(const JsonCursor& config, std::int64_t layers) {
  if (const auto list = config.get("attention_layers")) {
    check_count(config, std::ssize(list->as_array()), layers);
    return [list](int layer) { return is_local(list->at(static_cast<std::size_t>(layer))); };
  }
  if (const auto types = config.get("attention_types")) return read_repeated_types(config, *types, layers);
  return [](int layer) { return layer % 2 == 1; };
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
  const auto local = read_local(config, h.layers);
  const std::int64_t window = read_size(config, "window_size", 256);
  spec.layer = [=, norm = spec.final_norm](int layer) {
    const auto at = [layer](std::string_view part) { return fmt::format("h.{}.{}", layer, part); };
    // Asked for first: g++ 12 frees twice what an aggregate holds when one of its members throws.
    const std::int64_t seen = local(layer) ? window : 0;
    return DecoderLayer{.attention_norm = like(norm, at("ln_1")),
                        .attention = {.query = {at("attn.attention.q_proj")},
                                      .key = {at("attn.attention.k_proj")},
                                      .value = {at("attn.attention.v_proj")},
                                      .output = {at("attn.attention.out_proj"), true},
                                      .scale = 1.0,
                                      .window = seen},
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
