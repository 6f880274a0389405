#include "text/token_trie.h"

#include <algorithm>
#include <numeric>

namespace kerf::text {
namespace {

/// Eight bytes from `from` on as a number that sorts as they do; zeros where the token has ended.
std::uint64_t sort_key(std::string_view token, std::size_t from) {
  std::uint64_t key = 0;
  for (std::size_t i = from; i < from + 8; ++i) {
    key = key << 8 | (i < token.size() ? static_cast<unsigned char>(token[i]) : 0u);
  }
  return key;
}

/// Positions of the entries in the order of their bytes; equal ones in the order in which they came. Most tokens differ
/// in their first bytes, so that sorting rarely looks at the tokens themselves, which lie all over the memory.
std::vector<std::uint32_t> sorted(const std::vector<TokenTrie::Entry>& entries) {
  struct Keyed {
    std::uint64_t first, second;
    std::uint32_t position;
  };
  std::vector<Keyed> keyed(entries.size());
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    keyed[i] = {sort_key(entries[i].token, 0), sort_key(entries[i].token, 8), i};
  }
  std::sort(keyed.begin(), keyed.end(), [&](const Keyed& a, const Keyed& b) {
    if (a.first != b.first) return a.first < b.first;
    if (a.second != b.second) return a.second < b.second;
    const int order = entries[a.position].token.compare(entries[b.position].token);
    return order != 0 ? order < 0 : a.position < b.position;
  });
  std::vector<std::uint32_t> positions(entries.size());
  std::transform(keyed.begin(), keyed.end(), positions.begin(), [](const Keyed& entry) { return entry.position; });
  return positions;
}

std::size_t common_bytes(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

/// Tokens [begin, end) in order, which have their first `depth` bytes in common.
struct TokenTrie::Range {
  std::uint32_t begin, end;
  std::uint32_t depth;
};

class TokenTrie::Builder {
 public:
  Builder(const std::vector<Entry>& entries, TokenTrie& trie) : trie_(trie) {
    begins_.reserve(entries.size() + 1);
    ids_.reserve(entries.size());
    std::size_t bytes = 0;
    for (const Entry& entry : entries) bytes += entry.token.size();
    trie_.labels_.reserve(bytes);
    for (const std::uint32_t position : sorted(entries)) {
      begins_.push_back(static_cast<std::uint32_t>(trie_.labels_.size()));
      trie_.labels_ += entries[position].token;
      ids_.push_back(entries[position].id);
    }
    begins_.push_back(static_cast<std::uint32_t>(trie_.labels_.size()));
  }

  void run() {
    add_node({0, static_cast<std::uint32_t>(ids_.size()), 0}, 0);
    for (std::uint32_t node = 0; node < ranges_.size(); ++node) expand(node);
    const Node root = trie_.nodes_[0];
    for (std::uint32_t child = root.first_child; child < root.first_child + root.children; ++child) {
      trie_.roots_[static_cast<unsigned char>(trie_.first_bytes_[child])] = child;
    }
  }

 private:
  std::string_view token(std::uint32_t index) const {
    return std::string_view(trie_.labels_).substr(begins_[index], begins_[index + 1] - begins_[index]);
  }

  void add_node(Range range, std::uint32_t parent_depth) {
    const std::uint32_t label_at = begins_[range.begin] + parent_depth;
    trie_.nodes_.push_back({.label_at = label_at, .label_bytes = range.depth - parent_depth});
    trie_.first_bytes_ += label_at < trie_.labels_.size() ? trie_.labels_[label_at] : '\0';
    ranges_.push_back(range);
  }

  void expand(std::uint32_t node) {
    Range range = ranges_[node];
    for (; range.begin < range.end && token(range.begin).size() == range.depth; ++range.begin) {
      trie_.nodes_[node].id = ids_[range.begin];
    }
    const auto first_child = static_cast<std::uint32_t>(trie_.nodes_.size());
    while (range.begin < range.end) {
      const std::uint32_t end = end_of_group(range);
      const std::size_t common = common_bytes(token(range.begin), token(end - 1));
      add_node({range.begin, end, static_cast<std::uint32_t>(common)}, range.depth);
      range.begin = end;
    }
    trie_.nodes_[node].first_child = first_child;
    trie_.nodes_[node].children = static_cast<std::uint32_t>(trie_.nodes_.size()) - first_child;
  }

  /// One past the last token of the range that goes on with the same byte as the first.
  std::uint32_t end_of_group(const Range& range) const {
    const char byte = token(range.begin)[range.depth];
    std::uint32_t low = range.begin + 1, high = range.end;
    while (low < high) {
      const std::uint32_t middle = std::midpoint(low, high);
      if (token(middle)[range.depth] == byte) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  TokenTrie& trie_;
  std::vector<std::uint32_t> begins_;  ///< of each token in labels_, in order; one more at the end
  std::vector<std::int32_t> ids_;
  std::vector<Range> ranges_;  ///< of each node
};

TokenTrie::TokenTrie(const std::vector<Entry>& entries) { Builder(entries, *this).run(); }

}  // namespace kerf::text
