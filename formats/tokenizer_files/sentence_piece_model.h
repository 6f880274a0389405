#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kerf::formats::tokenizer_files {

/// A tokenizer.model: the protocol buffer ModelProto of the SentencePiece library (sentencepiece_model.proto), as far
/// as kerf has to know it. The library reads the rest itself.
struct SentencePieceModel {
  enum class Kind { kUnigram = 1, kBpe = 2, kWord = 3, kCharacter = 4 };
  enum class Type { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };
  struct Piece {
    std::string_view text;
    float score = 0;
    Type type = Type::kNormal;
  };
  std::vector<Piece> pieces;  ///< by id
  Kind kind = Kind::kUnigram;
  bool adds_dummy_prefix = true;
  std::int64_t unknown_id = 0;
};

/// Takes the bytes of a model apart, which the result refers to. Everything that the library would crash or loop on is
/// refused here, with Error(kInput) naming `file` and the place: pieces that are empty, long, twice there or no UTF-8;
/// no unknown piece, or several; scores that are not finite; a table of characters whose trie points out of itself.
SentencePieceModel parse_sentence_piece_model(std::string_view bytes, const std::string& file);

}  // namespace kerf::formats::tokenizer_files
