#pragma once

#include <string>

#include "formats/checkpoint.h"

namespace kerf::formats::gguf {

/// Opens a GGUF file under Hugging Face's names: tensors in the checkpoint's row order and orientation (quantized
/// access stays possible), config.json and tokenizer.json made from the metadata. Any part of a split file leads to all
/// of it. Reads headers and factors of the rope only. Error(kInput) naming the file and key or tensor.
Checkpoint open_gguf(const std::string& path, const OpenOptions& options = {});

}  // namespace kerf::formats::gguf
