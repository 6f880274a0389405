#include "text/token_trie.h"

#include <algorithm>
#include <map>
#include <utility>

#include <gtest/gtest.h>

#include "core/random.h"

namespace kerf::text {
namespace {

using Found = std::vector<std::pair<std::size_t, std::int32_t>>;

Found prefixes(const TokenTrie& trie, std::string_view text) {
  Found found;
  trie.find_prefixes(text, [&](std::size_t bytes, std::int32_t id) { found.emplace_back(bytes, id); });
  return found;
}

TEST(TokenTrie, PrefixesFromShortToLong) {
  const TokenTrie trie({{"ab", 0}, {"a", 1}, {"abcde", 2}, {"b", 3}, {"abcdf", 4}, {std::string_view("a\0b", 3), 5}});
  EXPECT_EQ(prefixes(trie, "abcdef"), (Found{{1, 1}, {2, 0}, {5, 2}}));
  EXPECT_EQ(prefixes(trie, "abcdg"), (Found{{1, 1}, {2, 0}}));
  EXPECT_EQ(prefixes(trie, "abc"), (Found{{1, 1}, {2, 0}}));
  EXPECT_EQ(prefixes(trie, std::string_view("a\0b", 3)), (Found{{1, 1}, {3, 5}}));
  EXPECT_EQ(prefixes(trie, "c"), Found());
  EXPECT_EQ(prefixes(trie, ""), Found());
  EXPECT_EQ(trie.longest_prefix("abcdfe").id, 4);
  EXPECT_EQ(trie.longest_prefix("x").bytes, 0u);
}

TEST(TokenTrie, EmptyAndEqualTokens) {
  EXPECT_EQ(prefixes(TokenTrie(std::vector<TokenTrie::Entry>()), "a"), Found());
  EXPECT_EQ(prefixes(TokenTrie(), "a"), Found());
  const TokenTrie trie({{"", 0}, {"a", 1}, {"a", 7}, {"", 2}});
  EXPECT_EQ(prefixes(trie, "aa"), (Found{{1, 7}}));
}

TEST(TokenTrie, AsAMapSaysForRandomStrings) {
  Random random(7);
  const auto string_of = [&](std::uint64_t longest) {
    std::string text;
    for (std::uint64_t i = random.below(longest) + 1; i > 0; --i) text += static_cast<char>("ab\xFF"[random.below(3)]);
    return text;
  };
  std::map<std::string, std::int32_t> map;
  for (std::int32_t id = 0; id < 2000; ++id) map[string_of(12)] = id;
  std::vector<TokenTrie::Entry> entries;
  for (const auto& [token, id] : map) entries.push_back({token, id});
  std::reverse(entries.begin(), entries.end());
  const TokenTrie trie(entries);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = string_of(20);
    Found expected;
    for (std::size_t bytes = 1; bytes <= text.size(); ++bytes) {
      if (const auto found = map.find(text.substr(0, bytes)); found != map.end())
        expected.emplace_back(bytes, found->second);
    }
    EXPECT_EQ(prefixes(trie, text), expected);
  }
}

// Each token a prefix of the next: as many nodes as tokens, and no more.
TEST(TokenTrie, ChainsOfPrefixes) {
  const std::string longest(2000, 'a');
  std::vector<TokenTrie::Entry> entries;
  for (std::size_t bytes = 1; bytes <= longest.size(); ++bytes) {
    entries.push_back({std::string_view(longest).substr(0, bytes), static_cast<std::int32_t>(bytes)});
  }
  EXPECT_EQ(prefixes(TokenTrie(entries), longest + "b").size(), longest.size());
}

}  // namespace
}  // namespace kerf::text
