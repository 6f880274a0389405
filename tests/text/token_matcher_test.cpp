#include "text/token_matcher.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace kerf::text {
namespace {

TEST(TokenMatcher, LeftmostThenLongestThenFirst) {
  TokenMatcher matcher;
  for (const char* pattern : {"<|", "<|end|>", "end", "<|end|>"}) matcher.add(pattern);
  const auto match = matcher.find("x<|end|>", 0);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->begin, 1u);
  EXPECT_EQ(match->end, 8u);
  EXPECT_EQ(match->pattern, 1u);
  EXPECT_EQ(matcher.find("x<|en", 0)->pattern, 0u);
  EXPECT_EQ(matcher.find("x<|end|>", 2)->pattern, 2u);
  EXPECT_FALSE(matcher.find("nothing", 0));
  EXPECT_FALSE(TokenMatcher().find("abc", 0));
}

/// The match by trying all patterns at all places.
std::optional<TokenMatcher::Match> by_definition(const std::vector<std::string>& patterns, const std::string& text) {
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    std::size_t best = patterns.size();
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const bool fits = text.compare(begin, patterns[i].size(), patterns[i]) == 0;
      if (fits && (best == patterns.size() || patterns[i].size() > patterns[best].size())) best = i;
    }
    if (best < patterns.size()) return TokenMatcher::Match{begin, begin + patterns[best].size(), best};
  }
  return std::nullopt;
}

TEST(TokenMatcher, EqualsTryingAllPatterns) {
  Random random(5);
  const auto random_string = [&](std::uint64_t least, std::uint64_t most) {
    std::string text;
    for (std::uint64_t left = least + random.below(most - least + 1); left > 0; --left)
      text += "ab\xC3"[random.below(3)];
    return text;
  };
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::string> patterns(random.below(6));
    TokenMatcher matcher;
    for (auto& pattern : patterns) {
      pattern = random_string(1, 5);
      matcher.add(pattern);
    }
    const std::string text = random_string(0, 12);
    const auto expected = by_definition(patterns, text);
    const auto found = matcher.find(text, 0);
    ASSERT_EQ(found.has_value(), expected.has_value());
    if (!found) continue;
    ASSERT_EQ(found->begin, expected->begin);
    ASSERT_EQ(found->end, expected->end);
    ASSERT_EQ(found->pattern, expected->pattern);
  }
}

}  // namespace
}  // namespace kerf::text
