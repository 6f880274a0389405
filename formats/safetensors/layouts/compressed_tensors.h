#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/activation.h"
#include "codec/quantized_tensor.h"
#include "codec/scheme.h"
#include "core/json.h"
#include "formats/safetensors/layouts/layout.h"

/// The layout of the compressed-tensors library (https://github.com/vllm-project/compressed-tensors). Of its formats:
/// "pack-quantized", integer weights of 2, 4 or 8 bits packed into 32-bit words; "int-quantized", integer weights of a
/// byte each, for layers whose input is rounded to integers too; "float-quantized", 8-bit floats;
/// "nvfp4-pack-quantized" and "mxfp4-pack-quantized", 4-bit floats. README.md in formats/safetensors has the bytes. The
/// functions of LayoutInfo, and what they share:
namespace kerf::formats::safetensors::compressed_tensors {

inline constexpr std::string_view kName = "compressed-tensors";
inline constexpr std::string_view kPackFormat = "pack-quantized";
inline constexpr std::string_view kIntFormat = "int-quantized";
inline constexpr std::string_view kFloatFormat = "float-quantized";
inline constexpr std::string_view kNaiveFormat = "naive-quantized";  ///< read only: either of the two before
inline constexpr std::string_view kNvfp4Format = "nvfp4-pack-quantized";
inline constexpr std::string_view kMxfp4Format = "mxfp4-pack-quantized";
inline constexpr std::string_view kMixedFormat = "mixed-precision";  ///< every group says its own

/// The tensors of a module NAME are NAME + one of these.
inline constexpr std::string_view kPacked = ".weight_packed";
inline constexpr std::string_view kWeight = ".weight";
inline constexpr std::string_view kScale = ".weight_scale";
inline constexpr std::string_view kZeroPoint = ".weight_zero_point";
inline constexpr std::string_view kShape = ".weight_shape";
inline constexpr std::string_view kGroupIndex = ".weight_g_idx";
inline constexpr std::string_view kInputScale = ".input_scale";
inline constexpr std::string_view kInputZeroPoint = ".input_zero_point";

std::optional<std::string> refusal(const ModuleScheme& scheme, std::int64_t rows, std::int64_t cols);
std::vector<TensorPlan> plan(std::string_view module, const ModuleScheme& scheme, std::int64_t rows, std::int64_t cols);
std::vector<EncodedTensor> encode(std::string_view module, const codec::QuantizedTensor& weight,
                                  const codec::ActivationQuantizer* input = nullptr);
Json make_config(const LayoutModules& modules);
graph::SourceMap decode(const JsonCursor& config, const StoredTensors& tensors);
ActivationMap read_activations(const JsonCursor& config, const StoredTensors& tensors);

/// The format that holds a module.
std::string_view format_of(const ModuleScheme& scheme);

/// One of the config_groups: a scheme, and the modules that have it.
struct ConfigGroup {
  std::string name;                  ///< "group_0"
  std::vector<std::string> targets;  ///< module names, "re:" patterns or classes ("Linear")
  codec::Scheme scheme;              ///< its scale_dtype is not said here: the tensors have it
  std::optional<codec::ActivationScheme> activations = std::nullopt;
  bool names(const std::string& module) const;
};

/// Are the weights 8-bit floats?
bool has_float_weights(const JsonCursor& config);
graph::SourceMap decode_floats(const JsonCursor& config, const StoredTensors& tensors);

/// 4-bit floats: the scheme that the config's format is for, nullopt for other formats; the format that holds a scheme,
/// empty if none does; and the functions of LayoutInfo for them.
std::optional<codec::Scheme> float4_scheme(const JsonCursor& config);
std::string_view float4_format(const codec::Scheme& scheme);
std::vector<TensorPlan> plan_float4(std::string_view module, const codec::Scheme& scheme, std::int64_t rows,
                                    std::int64_t cols);
std::vector<EncodedTensor> encode_float4(std::string_view module, const codec::QuantizedTensor& weight);
graph::SourceMap decode_float4(const JsonCursor& config, const StoredTensors& tensors);

/// Error(kInput) naming the key for what changes numbers beside the weights: a quantized cache, sparsity, transforms.
void check_nothing_else(const JsonCursor& config);

/// Reads a quantization_config of integer weights. Error(kInput) naming the key for whatever changes numbers and is not
/// read here: other formats, quantized outputs or caches, sparsity, transforms.
std::vector<ConfigGroup> parse_config(const JsonCursor& config);

/// The group that every module of integer weights belongs to, by module name: a group that names it, otherwise one that
/// its tensors fit. Points into `groups`.
std::map<std::string, const ConfigGroup*> assign_groups(const std::vector<ConfigGroup>& groups,
                                                        const StoredTensors& tensors);

/// The "input_activations" of a group, both ways; a null stands for none.
Json activations_json(const std::optional<codec::ActivationScheme>& scheme);
std::optional<codec::ActivationScheme> parse_activations(const JsonCursor& group);

}  // namespace kerf::formats::safetensors::compressed_tensors
