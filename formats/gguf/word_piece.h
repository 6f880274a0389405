#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "formats/gguf/vocabulary.h"

/// BERT's WordPiece: tokenizer.ggml.model "bert". Where tokenizer.json marks the pieces that continue a word ("##ing"),
/// the file marks those that begin one (U+2581).
namespace kerf::formats::gguf {

/// Fills the vocabulary if the tokenizer is of this kind; false if not. Error(kUsage) for rules other than those of
/// llama.cpp: text without accents and in lower case, cut at spaces, signs and Chinese characters.
bool collect_word_piece(const JsonCursor& json, Vocabulary& vocabulary);

/// The inverse: normalizer, pre-tokenizer, decoder and model of a tokenizer.json.
struct WordPieceParts {
  Json normalizer, pre_tokenizer, decoder, model;
};
WordPieceParts read_word_piece(const std::vector<std::string>& texts, const std::vector<TokenType>& types,
                               const std::string& unknown);

}  // namespace kerf::formats::gguf
