#include "models/config.h"

#include <fmt/format.h>

namespace kerf::models {
namespace {

constexpr std::int64_t kMostSize = std::int64_t{1} << 24;

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

void read_token_ids(const JsonCursor& config, description::Model& model) {
  model.bos_id = token_id(config, "bos_token_id");
  model.eos_id = token_id(config, "eos_token_id");
  model.pad_id = token_id(config, "pad_token_id");
}

}  // namespace kerf::models
