#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace kerf::text {

/// Finds any of a set of strings in a text: the leftmost, of several the longest (a trie of bytes).
class TokenMatcher {
 public:
  /// Longer patterns are refused by the caller; the time to search is at most this many steps a byte.
  static constexpr std::size_t kMaxPatternBytes = 1024;

  /// Patterns are numbered from 0; a string that is there already keeps its first number. Not empty.
  void add(std::string_view pattern);

  struct Match {
    std::size_t begin = 0, end = 0;
    std::size_t pattern = 0;
  };
  std::optional<Match> find(std::string_view text, std::size_t from) const;

 private:
  static constexpr std::int32_t kNone = -1;
  struct Node {
    std::int32_t pattern = kNone;
    std::int32_t child = kNone;    ///< first of the children
    std::int32_t sibling = kNone;  ///< next child of the same parent
    unsigned char byte = 0;
  };
  std::int32_t child_of(std::int32_t node, unsigned char byte) const;

  std::array<std::int32_t, 256> roots_ = filled();  ///< node of each first byte
  std::vector<Node> nodes_;
  std::size_t count_ = 0;

  static constexpr std::array<std::int32_t, 256> filled() {
    std::array<std::int32_t, 256> roots{};
    for (auto& root : roots) root = kNone;
    return roots;
  }
};

}  // namespace kerf::text
