#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "description/description.h"

namespace kerf::models {

/// A count from a configuration, in [1, 2^24]: products of two of them cannot overflow. Error(kInput) otherwise.
std::int64_t read_size(const JsonCursor& config, std::string_view key);
std::int64_t read_size(const JsonCursor& config, std::string_view key, std::int64_t fallback);

/// The keys that most decoders share: vocab_size, hidden_size, intermediate_size, num_hidden_layers,
/// num_attention_heads, num_key_value_heads (default: as many), head_dim (default: hidden_size / heads),
/// max_position_embeddings. Error(kInput) if heads do not divide what they must.
description::Hyperparameters read_standard_sizes(const JsonCursor& config);

/// An activation's name under one of the keys, the first that is there; `fallback` where none is.
std::string read_activation(const JsonCursor& config, std::initializer_list<std::string_view> keys,
                            std::string_view fallback);

/// The window of a layer, 0 for full attention: by layer_types where the configuration has it ("sliding_attention",
/// "full_attention"), otherwise `sliding_window` (may be null) in the layers that `slides` picks. Nothing is kept for
/// each layer: how many there are is only known when their weights were found.
using LayerWindow = std::function<std::int64_t(int layer)>;
LayerWindow read_windows(const JsonCursor& config, std::int64_t layers, std::function<bool(int layer)> slides);

/// Fills experts (under the first of the keys that is there) and experts_per_token (num_experts_per_tok), of which
/// there cannot be more.
void read_experts(const JsonCursor& config, std::initializer_list<std::string_view> count_keys, std::int64_t count,
                  std::int64_t chosen, description::Hyperparameters& h);

/// Error(kInput) if a switch is not `expected`: for variants that nobody publishes. `meaning`: "expected ...".
void require(const JsonCursor& config, std::string_view key, bool expected, std::string_view meaning);

/// Fills bos_id, eos_id and pad_id; of several ids the first counts.
void read_token_ids(const JsonCursor& config, description::Model& model);

}  // namespace kerf::models
