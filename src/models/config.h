#pragma once

#include <cstdint>
#include <string_view>

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

/// Fills bos_id, eos_id and pad_id; of several ids the first counts.
void read_token_ids(const JsonCursor& config, description::Model& model);

}  // namespace kerf::models
