#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace kerf::text {

/// SentencePiece's compiled map from strings to strings (its normalizer's charsmap): the bytes of a table,
/// little-endian as 32-bit units, after their number as 32 bits; then all replacements, each with a zero byte after it.
/// The table is a trie in a double array (Aoe 1989, as in darts-clone): a state is a position, its child for a byte is
/// the unit at position XOR byte if that unit has the byte as its label.
class CharacterMap {
 public:
  /// Error(kInput) at `where` if a path through the table has no end or more than 1024 bytes, leads out of it, or to
  /// no replacement.
  CharacterMap(std::string_view bytes, const JsonCursor& where);

  /// What the shortest prefix of `text` that is in the map becomes; nullopt if none is. (That it is the shortest is
  /// the way of Hugging Face's library, which asks for a whole grapheme cluster and replaces all of it.)
  std::optional<std::string_view> find(std::string_view text) const;

  struct Match {
    std::size_t bytes = 0;  ///< 0: none
    std::string_view replacement;
  };
  /// The longest prefix of `text` that is in the map, and what it becomes: the way of SentencePiece itself.
  Match longest_prefix(std::string_view text) const;

 private:
  /// Calls on_prefix(bytes, state) for each prefix of `text` that is in the map, the shortest first, until it returns
  /// false.
  template <typename OnPrefix>
  void find_prefixes(std::string_view text, OnPrefix on_prefix) const;
  std::string_view replacement(std::uint32_t state) const;
  class PathCheck;
  void read(std::string_view bytes, const JsonCursor& where);
  /// The unit that leads from a state on by a byte; nullptr: none.
  const std::uint32_t* step(std::uint32_t state, unsigned char byte) const;

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace kerf::text
