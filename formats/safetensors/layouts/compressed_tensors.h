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

/// The layout of the compressed-tensors library (https://github.com/vllm-project/compressed-tensors), format
/// "pack-quantized": integer weights of 2, 4 or 8 bits packed into 32-bit words, activations untouched. README.md in
/// formats/safetensors has the bytes. The functions of LayoutInfo, and what they share:
namespace kerf::formats::safetensors::compressed_tensors {

inline constexpr std::string_view kName = "compressed-tensors";
inline constexpr std::string_view kFormat = "pack-quantized";

/// The tensors of a module NAME are NAME + one of these.
inline constexpr std::string_view kPacked = ".weight_packed";
inline constexpr std::string_view kScale = ".weight_scale";
inline constexpr std::string_view kZeroPoint = ".weight_zero_point";
inline constexpr std::string_view kShape = ".weight_shape";
inline constexpr std::string_view kGroupIndex = ".weight_g_idx";

std::optional<std::string> refusal(const codec::Scheme& scheme, std::int64_t rows, std::int64_t cols);
std::vector<TensorPlan> plan(std::string_view module, const codec::Scheme& scheme, std::int64_t rows,
                             std::int64_t cols);
std::vector<EncodedTensor> encode(std::string_view module, const codec::QuantizedTensor& weight);
Json make_config(const LayoutModules& modules);
graph::SourceMap decode(const JsonCursor& config, const StoredTensors& tensors);

/// One of the config_groups: a scheme, and the modules that have it.
struct ConfigGroup {
  std::string name;                  ///< "group_0"
  std::vector<std::string> targets;  ///< module names, "re:" patterns or classes ("Linear")
  codec::Scheme scheme;              ///< its scale_dtype is not said here: the tensors have it
};

/// Formats whose weights are 8-bit floats; their quantization_config and tensors.
bool is_float_format(std::string_view format);
graph::SourceMap decode_floats(const JsonCursor& config, const StoredTensors& tensors);

/// Error(kInput) naming the key for what changes numbers beside the weights: a quantized cache, sparsity, transforms.
void check_nothing_else(const JsonCursor& config);

/// Reads a quantization_config. Error(kInput) naming the key for whatever changes numbers and is not read here: other
/// formats, quantized activations or caches, sparsity, transforms.
std::vector<ConfigGroup> parse_config(const JsonCursor& config);

}  // namespace kerf::formats::safetensors::compressed_tensors
