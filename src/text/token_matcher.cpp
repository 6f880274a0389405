#include "text/token_matcher.h"

namespace kerf::text {

std::int32_t TokenMatcher::child_of(std::int32_t node, unsigned char byte) const {
  std::int32_t child = nodes_[static_cast<std::size_t>(node)].child;
  while (child != kNone && nodes_[static_cast<std::size_t>(child)].byte != byte) {
    child = nodes_[static_cast<std::size_t>(child)].sibling;
  }
  return child;
}

void TokenMatcher::add(std::string_view pattern) {
  const auto add_node = [this](unsigned char byte) {
    nodes_.push_back({kNone, kNone, kNone, byte});
    return static_cast<std::int32_t>(nodes_.size() - 1);
  };
  const auto first = static_cast<unsigned char>(pattern[0]);
  if (roots_[first] == kNone) roots_[first] = add_node(first);
  std::int32_t node = roots_[first];
  for (const char c : pattern.substr(1)) {
    const auto byte = static_cast<unsigned char>(c);
    std::int32_t child = child_of(node, byte);
    if (child == kNone) {
      child = add_node(byte);
      auto& parent = nodes_[static_cast<std::size_t>(node)];
      nodes_[static_cast<std::size_t>(child)].sibling = parent.child;
      parent.child = child;
    }
    node = child;
  }
  auto& number = nodes_[static_cast<std::size_t>(node)].pattern;
  if (number == kNone) number = static_cast<std::int32_t>(count_);
  ++count_;
}

std::optional<TokenMatcher::Match> TokenMatcher::find(std::string_view text, std::size_t from) const {
  if (nodes_.empty()) return std::nullopt;
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    std::int32_t node = roots_[static_cast<unsigned char>(text[begin])];
    std::optional<Match> longest;
    for (std::size_t at = begin + 1; node != kNone; ++at) {
      const std::int32_t pattern = nodes_[static_cast<std::size_t>(node)].pattern;
      if (pattern != kNone) longest = Match{begin, at, static_cast<std::size_t>(pattern)};
      if (at == text.size()) break;
      node = child_of(node, static_cast<unsigned char>(text[at]));
    }
    if (longest) return longest;
  }
  return std::nullopt;
}

}  // namespace kerf::text
