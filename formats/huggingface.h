#pragma once

#include <string>

#include "description/description.h"
#include "formats/checkpoint.h"

namespace kerf::formats {

/// Opens a directory as save_pretrained() writes it (config.json; model.safetensors, or model.safetensors.index.json
/// and its shards; tokenizer.json and tokenizer_config.json if they are there), a snapshot in the Hub's cache or the
/// cache folder of a model ("models--org--name"), or a single .safetensors file with config.json beside it. Entry files
/// may be symbolic links, as those of the cache are. With options.allow_bin PyTorch's pytorch_model.bin, its shards and
/// files of other names are read too. Quantized checkpoints are decoded by the layout that
/// quantization_config names. Error(kInput) naming the file and what is wrong.
Checkpoint open_huggingface(const std::string& path, const OpenOptions& options = {});

/// The tokenizer files of a directory, or a tokenizer.json with tokenizer_config.json beside it. A missing file is
/// null.
description::Tokenizer read_tokenizer(const std::string& path);

}  // namespace kerf::formats
