#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "description/description.h"
#include "formats/gguf/architecture.h"
#include "formats/gguf/container.h"
#include "formats/gguf/metadata_reader.h"

namespace kerf::formats::gguf {

/// Writes "ARCHITECTURE.*" (all but rope.*). Error(kUsage) if config.json has a property that llama.cpp's graph of
/// the architecture does not compute (another activation, say).
void write_hyperparameters(const description::Model& model, const Architecture& architecture, Metadata& metadata);

/// What of the metadata the tensors' row orders and shapes need.
struct HeadCounts {
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
};
HeadCounts read_head_counts(const MetadataReader& metadata, const Architecture& architecture);

/// config.json as Hugging Face would say it. `rope_factors` are the values of rope_freqs.weight. Error(kInput) naming
/// the key if one is missing, malformed, or unknown: "ARCHITECTURE.x" may change the numbers.
Json read_config(const MetadataReader& metadata, const Architecture& architecture, const Container& container,
                 const std::optional<std::vector<float>>& rope_factors);

}  // namespace kerf::formats::gguf
