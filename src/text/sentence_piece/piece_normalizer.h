#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/character_map.h"
#include "text/sentence_piece/piece_table.h"

namespace kerf::text {

/// The sign that stands for a space in pieces.
inline constexpr std::string_view kSpaceSign = "\u2581";

/// What a SentencePiece model makes of a text before it cuts it. Const and thread-safe.
class PieceNormalizer {
 public:
  /// `table` must outlive it. Error(kInput) naming `file` if the model's charsmap is not sound.
  PieceNormalizer(const PieceTable& table, const std::string& file);

  /// From left to right, the longest user-defined piece stays what it is, or else the longest string that the charsmap
  /// has is replaced; then the model's rules for spaces. Error(kInput) if the text grows beyond measure.
  std::string normalize(std::string_view text) const;

 private:
  /// What a text begins with, in bytes, and what that becomes.
  CharacterMap::Match next(std::string_view text) const;
  /// The bytes at the beginning of a text that become nothing but spaces, one each.
  std::size_t leading_spaces(std::string_view text) const;
  void append(std::string_view text, std::string& out) const;
  std::string_view space() const { return table_.model().escape_whitespaces ? kSpaceSign : " "; }

  const PieceTable& table_;
  std::optional<CharacterMap> map_;
};

}  // namespace kerf::text
