#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kerf::description {

/// A SentencePiece model (Kudo & Richardson 2018, arXiv:1808.06226), whatever file it came from. Who fills it in sees
/// to it that there are pieces, that no two have the same text, that texts are valid UTF-8 without zero bytes and not
/// empty, that scores are finite, and that exactly one piece is unknown.
struct SentencePieceModel {
  enum class Kind { kUnigram = 1, kBpe = 2, kWord = 3, kCharacter = 4 };
  enum class Type { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };
  struct Piece {
    std::string text;
    float score = 0;
    Type type = Type::kNormal;
  };
  std::vector<Piece> pieces;  ///< by id
  Kind kind = Kind::kUnigram;
  std::int64_t unknown_id = 0;
  bool byte_fallback = false;  ///< what has no piece becomes the pieces <0x00> to <0xFF> of its bytes

  /// What strings of a text become before it is cut; the bytes of a text::CharacterMap, unchecked; empty: themselves.
  std::string charsmap{};
  bool add_dummy_prefix = true;             ///< a space before the text
  bool treat_whitespace_as_suffix = false;  ///< that space stands behind it instead
  bool remove_extra_whitespaces = true;     ///< those at both ends, and all but one of a run
  bool escape_whitespaces = true;           ///< spaces become U+2581
};

}  // namespace kerf::description
