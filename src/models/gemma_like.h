#pragma once

#include <string>

#include "models/llama_like.h"

namespace kerf::models {

/// What all Gemmas share: norms whose scale is 1 + weight, an embedding times sqrt(hidden_size), a tied head; logits
/// capped where the configuration says so. No layers yet.
DecoderSpec gemma_like(const JsonCursor& config, std::string family, const RopeDefaults& rope = {});

/// A layer with norms before and after both parts, as Gemma has from 2 on; scale and cap of its attention by the
/// configuration.
DecoderLayer sandwich_layer(const JsonCursor& config, const Norm& norm, int layer);

}  // namespace kerf::models
