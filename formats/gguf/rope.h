#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "description/description.h"
#include "formats/gguf/architecture.h"
#include "formats/gguf/metadata_reader.h"
#include "formats/gguf/value.h"

namespace kerf::formats::gguf {

/// The tensor that divides rotary frequencies: f32 [head_dim / 2].
inline constexpr std::string_view kRopeFactorsName = "rope_freqs.weight";

/// Writes "ARCHITECTURE.rope.*" and returns the values of rope_freqs.weight if the model's scaling needs it (rope type
/// llama3, or freq_factors as read_rope() writes it). Error(kUsage) if GGUF cannot hold the model's rope type.
std::optional<std::vector<float>> write_rope(const description::Model& model, const Architecture& architecture,
                                             Metadata& metadata);

/// config.json's rope_parameters: rope_type default, linear, or freq_factors, whose key "factors" is the list by which
/// the frequencies are divided: a file keeps the factors that llama3's parameters gave, not the parameters.
Json read_rope(const MetadataReader& metadata, const Architecture& architecture, std::int64_t head_dim,
               const std::optional<std::vector<float>>& factors);

}  // namespace kerf::formats::gguf
