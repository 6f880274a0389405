#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "description/description.h"
#include "formats/gguf/metadata_reader.h"
#include "formats/gguf/value.h"

namespace kerf::formats::gguf {

/// Writes "tokenizer.*": for a byte-level BPE tokenizer model gpt2 with the pre-tokenizer's name and merges, for
/// SentencePiece (a file, or a tokenizer.json that says the same) model llama or t5 with scores, for WordPiece model
/// bert; `vocab_size` tokens (ids without a token become unused "[PADn]", as llama.cpp's convert script does), their
/// types, merges, ids of special tokens, whether BOS and EOS are added, the chat template. A model without tokenizer
/// gets model "no_vocab", and a note. Error(kUsage) if llama.cpp would tokenize differently: another kind of model, an
/// unknown pre-tokenizer, a normalizer, a post-processor that is not BOS and EOS. Error(kInput) naming the tokenizer's
/// file if it contradicts itself or has ids beyond the vocabulary. What is worth knowing is added to `notes`.
void write_tokenizer(const description::Tokenizer& tokenizer, const description::Model& model, std::int64_t vocab_size,
                     Metadata& metadata, std::vector<std::string>& notes);

/// The inverse: tokenizer.json and tokenizer_config.json. A kind that this build does not read (an unknown
/// pre-tokenizer) leaves the description empty and says so in `notes`: the weights are still good. Error(kInput) if a
/// tokenizer is malformed.
description::Tokenizer read_tokenizer(const MetadataReader& metadata, std::vector<std::string>& notes);

}  // namespace kerf::formats::gguf
