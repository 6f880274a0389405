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
#include "formats/gguf/rope.h"

namespace kerf::formats::gguf {

/// Writes "ARCHITECTURE.*" (all but rope.*). Error(kUsage) if config.json has a property that llama.cpp's graph of
/// the architecture does not compute (another activation, say).
void write_hyperparameters(const description::Model& model, const Architecture& architecture, Metadata& metadata);

/// What of the metadata the tensors' row orders and shapes need.
struct HeadCounts {
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
};
HeadCounts read_head_counts(const MetadataReader& metadata, const Architecture& architecture);

/// config.json as Hugging Face would say it. `rope_factors` are the values of kRopeTensors. Error(kInput) naming
/// the key if one is missing, malformed, or unknown: "ARCHITECTURE.x" may change the numbers.
Json read_config(const MetadataReader& metadata, const Architecture& architecture, const Container& container,
                 const std::vector<RopeFactors>& rope_factors);

/// The type of the matrix of token embeddings; Error(kInput) if there is none.
const TensorInfo& token_embeddings(const Container& container, const std::string& file);

/// An array of config.json; empty if it is absent or null.
std::vector<std::string> config_texts(const Json& config, std::string_view key);

}  // namespace kerf::formats::gguf
