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

/// The program, its libraries, tokenizer and text.
inline constexpr std::uint64_t kProgramBytes = std::uint64_t{48} << 20;
/// Values of a block of `windows` of `context` tokens that are run side by side; all of them, and the derivatives by
/// them, if they are `recorded`. An estimate.
std::uint64_t running_bytes(const description::Model& model, std::uint64_t windows, std::uint64_t context,
                            bool recorded);

}  // namespace kerf::api
