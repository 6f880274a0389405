#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/json.h"
#include "formats/safetensors/reader.h"
#include "graph/tensor_source.h"

/// Checkpoints whose linear weights are 8-bit floats with scales beside them: w = value * scale, in f32 with one
/// rounding. These are floats of an unusual dtype, not codes: their sources have no scheme().
namespace kerf::formats::safetensors {

/// Values that share a scale.
struct ScaleBlock {
  std::int64_t rows = 0, cols = 0;
};

/// Tensors NAME.weight of f8_e4m3 or f8_e5m2 with NAME.weight_scale_inv or NAME.weight_scale beside them as values,
/// the others as they are. A scale is f32, f16, bf16 or e8m0, and its shape says what it is for: one element for the
/// tensor, [rows] or [rows, 1] for channels, and with `block` [ceil(rows / block.rows), ceil(cols / block.cols)].
/// Scales of activations (NAME.input_scale, NAME.activation_scale) are left aside. Error(kInput) naming the tensor if a
/// scale is missing, of another shape or dtype, or has no weight; at `config` if no weight is of 8-bit floats.
graph::SourceMap decode_scaled_floats(const JsonCursor& config, const StoredTensors& tensors,
                                      std::optional<ScaleBlock> block);

/// [rows, cols], both positive: how many values share a scale. nullopt if the key is absent or null.
std::optional<ScaleBlock> read_scale_block(const JsonCursor& config, std::string_view key);

/// Is it NAME.input_scale or NAME.activation_scale?
bool is_activation_scale(std::string_view tensor);
/// The scale that stands beside the weight `name`; nullptr if there is none.
const StoredTensor* find_scale(const StoredTensors& tensors, std::string_view name);

}  // namespace kerf::formats::safetensors
