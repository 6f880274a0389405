#pragma once

#include <string>
#include <vector>

#include "formats/safetensors/reader.h"

namespace kerf::formats::safetensors {

/// What is worth saying of tensors in dtypes that models are seldom stored in, one sentence each: f64, which is rounded
/// to f32; 8-bit floats; scales of activations that are left aside. `with_layout`: config.json says how weights are
/// stored; `reads_activations`: scales of activations are not left aside. Without a layout, a tensor of 8-bit floats
/// with a scale beside it is Error(kInput): nobody knows how they go together.
std::vector<std::string> note_unusual_dtypes(const StoredTensors& tensors, bool with_layout,
                                             bool reads_activations = false);

}  // namespace kerf::formats::safetensors
