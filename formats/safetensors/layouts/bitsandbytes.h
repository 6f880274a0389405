#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/quantized_tensor.h"
#include "codec/scheme.h"
#include "formats/safetensors/layouts/layout.h"

/// The layouts of bitsandbytes (https://github.com/bitsandbytes-foundation/bitsandbytes): 4-bit codes of a table (NF4,
/// FP4) in blocks of the flattened weight, and LLM.int8()'s bytes with a scale a row. README.md in formats/safetensors
/// has the bytes.
namespace kerf::formats::safetensors::bitsandbytes {

inline constexpr std::string_view kName = "bitsandbytes";

/// The tensors of a 4-bit module NAME are NAME.weight and NAME.weight + one of these.
inline constexpr std::string_view kWeight = ".weight";
inline constexpr std::string_view kAbsmax = ".absmax";
inline constexpr std::string_view kQuantMap = ".quant_map";
inline constexpr std::string_view kQuantState = ".quant_state.bitsandbytes__";  ///< and "nf4" or "fp4"
inline constexpr std::string_view kNestedAbsmax = ".nested_absmax";
inline constexpr std::string_view kNestedMap = ".nested_quant_map";
/// Those of an 8-bit module are NAME.weight and NAME + one of these.
inline constexpr std::string_view kScb = ".SCB";
inline constexpr std::string_view kFormat = ".weight_format";
/// SCB is the largest magnitude of a row, which code 127 stands for.
inline constexpr float kHighestCode = 127;

graph::SourceMap decode(const JsonCursor& config, const StoredTensors& tensors);

}  // namespace kerf::formats::safetensors::bitsandbytes
