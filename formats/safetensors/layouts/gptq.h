#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/quantized_tensor.h"
#include "codec/scheme.h"
#include "core/json.h"
#include "formats/safetensors/layouts/layout.h"

/// The layout of AutoGPTQ and GPTQModel (https://github.com/ModelCloud/GPTQModel): integers of 2, 3, 4 or 8 bits packed
/// along the input channels. README.md in formats/safetensors has the bytes. Its two formats differ in the zero points:
/// "gptq" (v1) stores them less one, "gptq_v2" as they are.
namespace kerf::formats::safetensors::gptq {

inline constexpr std::string_view kMethod = "gptq";
inline constexpr std::string_view kFormatV1 = "gptq";
inline constexpr std::string_view kFormatV2 = "gptq_v2";

/// The tensors of a module NAME are NAME + one of these.
inline constexpr std::string_view kCodes = ".qweight";
inline constexpr std::string_view kZeroPoints = ".qzeros";
inline constexpr std::string_view kScales = ".scales";
inline constexpr std::string_view kGroupIndex = ".g_idx";

/// What a config says of a module.
struct Settings {
  int bits = 4;
  std::int64_t group_size = 128;  ///< -1: whole columns
  bool symmetric = true;
  bool operator==(const Settings&) const = default;
};

Json make_config(const LayoutModules& modules, std::string_view format);
/// The settings that modules may have: those of the whole model first, then those that "dynamic" gives to some.
/// Error(kInput) naming the key for formats that are not read, and for what they cannot be.
std::vector<Settings> parse_settings(const JsonCursor& config);
/// Is the format v2? A config that says none is v1's.
bool is_v2(const JsonCursor& config);

graph::SourceMap decode(const JsonCursor& config, const StoredTensors& tensors);

}  // namespace kerf::formats::safetensors::gptq
