#pragma once

#include <string>

#include "formats/checkpoint.h"

namespace kerf::formats::gguf {

/// Opens a GGUF file under Hugging Face's names: tensors in the checkpoint's row order and orientation (quantized
/// access stays possible), config.json and tokenizer.json made from the metadata. Reads the header and
/// rope_freqs.weight only. Error(kInput) naming the file and key or tensor; a part of a split file is refused.
Checkpoint open_gguf(const std::string& path, const OpenOptions& options = {});

}  // namespace kerf::formats::gguf
