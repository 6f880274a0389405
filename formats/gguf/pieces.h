#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "description/description.h"
#include "description/sentence_piece.h"
#include "formats/gguf/metadata_reader.h"
#include "formats/gguf/value.h"
#include "formats/gguf/vocabulary.h"

/// SentencePiece tokenizers, from whatever files: tokenizer.ggml.model "llama" (pairs merged by score) and "t5" (the
/// most probable pieces).
namespace kerf::formats::gguf {

/// What is said of them beside the tokens.
struct PieceRules {
  std::string_view model;             ///< "llama" or "t5"
  bool space_prefix = true;           ///< a space before a text
  bool removes_extra_spaces = false;  ///< t5
  std::string charsmap;               ///< t5: what strings of a text become
};

/// Fills the vocabulary from a SentencePiece file or from a tokenizer.json that says the same (BPE with byte fallback);
/// nullopt if the tokenizer is of another kind. Error(kUsage) for rules that llama.cpp does not have.
std::optional<PieceRules> collect_pieces(const description::Tokenizer& tokenizer, Vocabulary& vocabulary,
                                         std::vector<std::string>& notes);
void write_pieces(const PieceRules& rules, const Vocabulary& vocabulary, Metadata& metadata);

/// The inverse, from the tokens of a file with their types; Error(kInput) if they make no model.
description::SentencePieceModel read_pieces(const MetadataReader& metadata, bool unigram,
                                            const std::vector<std::string>& texts, const std::vector<TokenType>& types);

}  // namespace kerf::formats::gguf
