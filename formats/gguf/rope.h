#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "description/description.h"
#include "formats/gguf/architecture.h"
#include "formats/gguf/metadata_reader.h"
#include "formats/gguf/value.h"

namespace kerf::formats::gguf {

/// Tensors that divide rotary frequencies, f32 [rotated dimensions / 2]: all, or in windows beyond the trained length
/// and within it.
inline constexpr std::string_view kRopeFactorsName = "rope_freqs.weight";
inline constexpr std::string_view kLongFactorsName = "rope_factors_long.weight";
inline constexpr std::string_view kShortFactorsName = "rope_factors_short.weight";
inline constexpr std::array kRopeTensors{kRopeFactorsName, kLongFactorsName, kShortFactorsName};

struct RopeFactors {
  std::string_view name;  ///< one of kRopeTensors
  std::vector<float> values;
};

/// Writes "ARCHITECTURE.rope.*" and returns the tensors that the model's scaling needs (rope types llama3, longrope, or
/// freq_factors as read_rope() writes it). Error(kUsage) if GGUF cannot hold the model's rope type.
std::vector<RopeFactors> write_rope(const description::Model& model, const Architecture& architecture,
                                    Metadata& metadata);

/// Whether a key, without "ARCHITECTURE.", is one of those that read_rope() reads.
bool is_rope_key(std::string_view rest);

/// Elements of a head that are turned: rope.dimension_count. Error(kInput) naming the key if that is no even number
/// within the head, or not all of it where llama.cpp's graph turns all.
std::int64_t read_rotated(const MetadataReader& metadata, const Architecture& architecture, std::int64_t head_dim);

/// config.json's rope_parameters: rope_type default, linear, yarn, longrope, or freq_factors, whose key "factors" is
/// the list by which the frequencies are divided: a file keeps the factors that llama3's parameters gave, not the
/// parameters.
Json read_rope(const MetadataReader& metadata, const Architecture& architecture, std::int64_t head_dim,
               const std::vector<RopeFactors>& factors);

}  // namespace kerf::formats::gguf
