#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace kerf::text {

/// Finds the tokens that a text begins with. A trie whose edges are strings (a radix tree), so that it has at most two
/// nodes a token, however long tokens are. Const and thread-safe once built.
class TokenTrie {
 public:
  struct Entry {
    std::string_view token;
    std::int32_t id = 0;
  };

  TokenTrie() = default;
  /// Of equal tokens the last counts; an empty one is never found. All tokens together have less than 4 GiB.
  explicit TokenTrie(const std::vector<Entry>& entries);

  /// Calls `on_token(bytes, id)` for each token that `text` begins with, the shortest first.
  template <typename OnToken>
  void find_prefixes(std::string_view text, OnToken on_token) const {
    if (text.empty()) return;
    std::uint32_t node = roots_[static_cast<unsigned char>(text[0])];
    for (std::size_t at = 0; node != kNone;) {
      const Node& found = nodes_[node];
      if (found.label_bytes > text.size() - at || !starts_at(text.data() + at, found)) return;
      at += found.label_bytes;
      if (found.id >= 0) on_token(at, found.id);
      if (at == text.size()) return;
      node = child_of(found, text[at]);
    }
  }

  struct Match {
    std::size_t bytes = 0;  ///< 0: no token
    std::int32_t id = -1;
  };
  Match longest_prefix(std::string_view text) const {
    Match longest;
    find_prefixes(text, [&](std::size_t bytes, std::int32_t id) { longest = {bytes, id}; });
    return longest;
  }

 private:
  static constexpr std::uint32_t kNone = 0;  ///< the root is nobody's child
  struct Node {
    std::uint32_t label_at = 0, label_bytes = 0;  ///< what its edge adds: a part of labels_
    std::uint32_t first_child = 0;                ///< children stand next to each other
    std::int32_t id = -1;                         ///< -1: no token ends here
    std::uint32_t children = 0;
  };
  struct Range;
  class Builder;

  bool starts_at(const char* text, const Node& node) const {
    return std::memcmp(text, labels_.data() + node.label_at, node.label_bytes) == 0;
  }
  std::uint32_t child_of(const Node& node, char byte) const {
    if (node.children == 0) return kNone;
    const char* begin = first_bytes_.data() + node.first_child;
    const void* found = std::memchr(begin, static_cast<unsigned char>(byte), node.children);
    return found == nullptr ? kNone
                            : node.first_child + static_cast<std::uint32_t>(static_cast<const char*>(found) - begin);
  }

  std::string labels_;       ///< all tokens in order
  std::vector<Node> nodes_;  ///< level by level
  std::string first_bytes_;  ///< of each node's label
  std::array<std::uint32_t, 256> roots_{};
};

}  // namespace kerf::text
