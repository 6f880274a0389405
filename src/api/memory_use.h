#pragma once

#include <cstdint>

#include "description/description.h"

namespace kerf::api {

/// Memory that running a model takes beside its weights.

/// Keys and values of `positions` tokens, in f16. Layers with a window keep only that; an encoder keeps nothing; each
/// layer of a decoder beside an encoder keeps those of both texts.
std::uint64_t kv_cache_bytes(const description::Model& model, std::uint64_t positions);
/// One batch of activations in f32.
std::uint64_t activation_bytes(const description::Model& model, std::uint64_t positions);

}  // namespace kerf::api
