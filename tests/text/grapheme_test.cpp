#include "text/grapheme.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kerf::text {
namespace {

std::vector<std::string> clusters(std::string_view text) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size(); at += all.back().size())
    all.emplace_back(text.substr(at, grapheme_bytes(text, at)));
  return all;
}
using Strings = std::vector<std::string>;

// The rules of UAX 29, table 1c, one after another.
TEST(Grapheme, Rules) {
  EXPECT_EQ(clusters("\r\n\n\r"), (Strings{"\r\n", "\n", "\r"}));
  EXPECT_EQ(clusters("\n\u0301a\u0301"), (Strings{"\n", "\u0301", "a\u0301"}));
  EXPECT_EQ(clusters("\u1100\u1161\u11a8\u1100"), (Strings{"\u1100\u1161\u11a8", "\u1100"}));
  EXPECT_EQ(clusters("\uac00\u11a8\uac01\u1161"), (Strings{"\uac00\u11a8", "\uac01", "\u1161"}));
  EXPECT_EQ(clusters("a\u0301\u200d\u0903b"), (Strings{"a\u0301\u200d\u0903", "b"}));
  EXPECT_EQ(clusters("\u0600a\u0301"), Strings{"\u0600a\u0301"});
  EXPECT_EQ(clusters("\u0600\n"), (Strings{"\u0600", "\n"}));
  EXPECT_EQ(clusters("\u00a9\u0301\u200d\u00a9a\u200d\u00a9"),
            (Strings{"\u00a9\u0301\u200d\u00a9", "a\u200d", "\u00a9"}));
  EXPECT_EQ(clusters("\U0001F1E6\U0001F1E7\U0001F1E8\U0001F1E9\U0001F1EA"),
            (Strings{"\U0001F1E6\U0001F1E7", "\U0001F1E8\U0001F1E9", "\U0001F1EA"}));
}

TEST(Grapheme, IndicConjuncts) {
  EXPECT_EQ(clusters("\u0915\u094d\u0915"), Strings{"\u0915\u094d\u0915"});
  EXPECT_EQ(clusters("\u0915\u093c\u094d\u200d\u0915\u0903"), Strings{"\u0915\u093c\u094d\u200d\u0915\u0903"});
  EXPECT_EQ(clusters("\u0915\u093c\u0915"), (Strings{"\u0915\u093c", "\u0915"}));
  EXPECT_EQ(clusters("\u0915\u200c\u094d\u0915"), (Strings{"\u0915\u200c\u094d", "\u0915"}));
  EXPECT_EQ(clusters("a\u094d\u0915"), (Strings{"a\u094d", "\u0915"}));
}

// Assigned after the system's library: tokenizers 0.23.2.
TEST(Grapheme, LaterCharacters) {
  EXPECT_EQ(clusters("a\u1acfb\u0897"), (Strings{"a\u1acf", "b\u0897"}));
  EXPECT_EQ(clusters("\U000113D1a"), Strings{"\U000113D1a"});
  EXPECT_EQ(clusters("\U00011A3Aa"), (Strings{"\U00011A3A", "a"}));
}

}  // namespace
}  // namespace kerf::text
