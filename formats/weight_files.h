#pragma once

#include <string>
#include <vector>

#include "formats/checkpoint.h"
#include "formats/safetensors/reader.h"

namespace kerf::formats {

/// The tensors of a model's directory: those of model.safetensors, or else of the shards that
/// model.safetensors.index.json lists; with options.allow_bin also those of pytorch_model.bin or its index where there
/// is neither. What is left aside is noted. Error(kInput) saying what is there instead, and the cure (an unfinished
/// download, a PyTorch checkpoint, a variant, shards without an index).
safetensors::StoredTensors open_weights(const std::string& directory, const OpenOptions& options,
                                        std::vector<std::string>& notes);

/// The tensors of one file that the user named, which decides by its content whether it is PyTorch's.
safetensors::StoredTensors open_weight_file(const std::string& path, const OpenOptions& options,
                                            std::vector<std::string>& notes);

}  // namespace kerf::formats
