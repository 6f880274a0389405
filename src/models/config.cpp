#include "models/config.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/strings.h"
#include "models/activation.h"

namespace kerf::models {
namespace {

constexpr std::int64_t kMostSize = std::int64_t{1} << 24;

const std::vector<std::string> kLayerTypes = {"full_attention", "sliding_attention"};

std::int64_t token_id(const JsonCursor& config, std::string_view key) {
  const auto value = config.get(key);
  if (!value) return -1;
  if (!value->json().is_array()) return value->as_int64();
  return value->as_array().empty() ? -1 : value->at(std::size_t{0}).as_int64();
}

}  // namespace

std::int64_t read_size(const JsonCursor& config, std::string_view key) {
  return config.at(key).as_int64_in(1, kMostSize);
}

std::int64_t read_size(const JsonCursor& config, std::string_view key, std::int64_t fallback) {
  return config.has(key) ? read_size(config, key) : fallback;
}

description::Hyperparameters read_standard_sizes(const JsonCursor& config) {
  description::Hyperparameters h;
  h.vocab_size = read_size(config, "vocab_size");
  h.hidden_size = read_size(config, "hidden_size");
  h.intermediate_size = read_size(config, "intermediate_size");
  h.layers = read_size(config, "num_hidden_layers");
  h.heads = read_size(config, "num_attention_heads");
  h.kv_heads = read_size(config, "num_key_value_heads", h.heads);
  h.head_dim = read_size(config, "head_dim", h.hidden_size / h.heads);
  h.context_length = read_size(config, "max_position_embeddings");
  if (!config.has("head_dim") && h.hidden_size % h.heads != 0) {
    config.fail(fmt::format("found hidden_size {} for {} heads, expected a multiple", h.hidden_size, h.heads));
  }
  if (h.heads % h.kv_heads != 0) {
    config.fail(
        fmt::format("found {} attention heads for {} key/value heads, expected a multiple", h.heads, h.kv_heads));
  }
  return h;
}

std::string read_activation(const JsonCursor& config, std::initializer_list<std::string_view> keys,
                            std::string_view fallback) {
  for (const std::string_view key : keys) {
    if (const auto value = config.get(key)) return read_activation(*value);
  }
  return std::string(fallback);
}

LayerWindow read_windows(const JsonCursor& config, std::int64_t layers, std::function<bool(int layer)> slides) {
  const std::int64_t window = read_size(config, "sliding_window", 0);
  const auto types = config.get("layer_types");
  if (types && std::ssize(types->as_array()) != layers) {
    types->fail(
        fmt::format("found {} layer types, expected one for each of {} layers", types->as_array().size(), layers));
  }
  if (!types) return [=](int layer) { return slides(layer) ? window : 0; };
  return [=](int layer) {
    const JsonCursor entry = types->at(static_cast<std::size_t>(layer));
    const std::string type = entry.as_string();
    if (type == "sliding_attention") return window;
    if (type != "full_attention") entry.fail(unknown_name("layer type", type, kLayerTypes));
    return std::int64_t{0};
  };
}

void read_experts(const JsonCursor& config, std::initializer_list<std::string_view> count_keys, std::int64_t count,
                  std::int64_t chosen, description::Hyperparameters& h) {
  constexpr std::int64_t kMostExperts = 65536;
  h.experts = count;
  for (const std::string_view key : count_keys) {
    if (!config.has(key)) continue;
    h.experts = config.at(key).as_int64_in(1, kMostExperts);
    break;
  }
  const char* key = "num_experts_per_tok";
  h.experts_per_token = config.has(key) ? config.at(key).as_int64_in(1, h.experts) : std::min(chosen, h.experts);
}

void require(const JsonCursor& config, std::string_view key, bool expected, std::string_view meaning) {
  if (config.bool_or(key, expected) != expected) {
    config.at(key).fail(fmt::format("found {}, expected {}", !expected, meaning));
  }
}

void read_token_ids(const JsonCursor& config, description::Model& model) {
  model.bos_id = token_id(config, "bos_token_id");
  model.eos_id = token_id(config, "eos_token_id");
  model.pad_id = token_id(config, "pad_token_id");
}

}  // namespace kerf::models
