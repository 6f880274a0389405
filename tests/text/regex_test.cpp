#include "text/regex.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

std::vector<std::string> matches(std::string_view pattern, std::string_view text) {
  const Json where;
  std::vector<std::string> found;
  Regex(pattern, JsonCursor(where, "tokenizer.json", "pattern")).find_all(text, [&](Span match) {
    found.emplace_back(text.substr(match.begin, match.end - match.begin));
  });
  return found;
}
using Strings = std::vector<std::string>;

TEST(Regex, FindsMatchesFromLeftToRight) {
  EXPECT_EQ(matches("a+", "aabxa"), (Strings{"aa", "a"}));
  EXPECT_EQ(matches(R"(\s+(?!\S)|\s+)", "a   b "), (Strings{"  ", " ", " "}));
  EXPECT_EQ(matches("z", "abc"), Strings());
}

// As onig's iterator: an empty match right after another match does not count.
TEST(Regex, EmptyMatches) {
  EXPECT_EQ(matches("x*", "axxb\u00e9"), (Strings{"", "xx", "", ""}));
  EXPECT_EQ(matches("", "\u00e9"), (Strings{"", ""}));
}

TEST(Regex, PropertiesKnowUnicode16) {
  const std::string letters = "\U00031350\u1c89";  // CJK extension H (15.0), Cyrillic (16.0)
  EXPECT_EQ(matches(R"(\p{L}+)", letters + "1"), Strings{letters});
  EXPECT_EQ(matches(R"([\p{L}x]+)", letters + "1"), Strings{letters});
  EXPECT_EQ(matches(R"(\P{L}+)", letters + "1"), Strings{"1"});
  EXPECT_EQ(matches(R"(\p{^L}+)", letters + "1"), Strings{"1"});
  EXPECT_EQ(matches(R"([^\s\p{L}]+)", letters + "1"), Strings{"1"});
  EXPECT_EQ(matches(R"([^\P{L}]+)", letters + "1"), Strings{letters});
  EXPECT_EQ(matches(R"(\p{Lu})", letters), Strings{"\u1c89"});
  EXPECT_EQ(matches(R"(\p{Han})", letters), Strings{"\U00031350"});
  EXPECT_EQ(matches(R"(\w+)", letters + "-\U00010D40"), (Strings{letters, "\U00010D40"}));
  EXPECT_EQ(matches(R"(\d)", "\U00010D40"), Strings{"\U00010D40"});
  EXPECT_EQ(matches(R"(\W)", letters + "-"), Strings{"-"});
}

TEST(Regex, WideningLeavesOtherEscapesAndBracketsAlone) {
  EXPECT_EQ(matches(R"(\\p\{L\})", R"(\p{L})"), Strings{R"(\p{L})"});
  EXPECT_EQ(matches(R"([]\w]+)", "]a["), Strings{"]a"});
  EXPECT_EQ(matches(R"([[:digit:]\p{Lu}]+)", "a1B-"), Strings{"1B"});
  EXPECT_EQ(matches(R"(\p{Greek}+)", "a\u03b1\u03b2"), Strings{"\u03b1\u03b2"});
  EXPECT_EQ(matches(R"((?W:\w)+)", "ab\u00e9"), Strings{"ab"});
}

TEST(Regex, CaseFoldingDoesNotReachClassesOutsideOfBrackets) {
  EXPECT_EQ(matches("(?i:'s)", "'S '\u017f 's"), (Strings{"'S", "'\u017f", "'s"}));
  EXPECT_EQ(matches(R"((?i)\p{Lu})", "aB"), Strings{"B"});
}

TEST(Regex, EscapesLiterals) {
  const std::string literal = "a.b*[c]{d}(e)|^$\\+?#&-~ \n\u00e9";
  EXPECT_EQ(matches(escape_regex(literal), "x" + literal + "y"), Strings{literal});
}

TEST(Regex, RefusesWhatTheLibraryRefuses) {
  test::expect_error(ErrorCode::kInput,
                     "tokenizer.json: pattern: found the pattern '(a', expected a regular expression",
                     [] { matches("(a", "a"); });
  test::expect_error(ErrorCode::kInput, "invalid character property name", [] { matches(R"(\p{Nonsense})", "a"); });
  test::expect_error(ErrorCode::kInput, "expected at most 65536", [] { matches(std::string(65537, 'a'), "a"); });
}

TEST(Regex, HostilePatternsEndInAnError) {
  const std::string text = std::string(40, 'a') + "b";
  test::expect_error(ErrorCode::kInput, "takes too much work", [&] { matches("(a+)+$", text); });
  test::expect_error(ErrorCode::kInput, "takes too much work", [&] { matches("(a|aa)+$", text); });
  // Quadratic: each letter looks at all that follow.
  test::expect_error(ErrorCode::kInput, "takes too much work", [] { matches("a*b|a", std::string(100000, 'a')); });
}

// Runs that real text may have: a megabyte of one letter, of spaces, of punctuation.
TEST(Regex, LongRunsMatch) {
  const std::string pattern = R"( ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
  for (const char c : {'a', ' ', '.'}) {
    const std::string run(1000000, c);
    EXPECT_EQ(matches(pattern, run), Strings{run});
  }
}

TEST(Regex, PatternsOfComponents) {
  EXPECT_EQ(pattern_of(test::cursor(R"({"String": "a.b"})")), "a\\.b");
  EXPECT_EQ(pattern_of(test::cursor(R"({"Regex": "a.b"})")), "a.b");
  test::expect_error(ErrorCode::kInput, "no kind of pattern 'Glob'",
                     [] { pattern_of(test::cursor(R"({"Glob": "a"})")); });
  test::expect_error(ErrorCode::kInput, "expected either String or Regex",
                     [] { pattern_of(test::cursor(R"({"Regex": "a", "String": "a"})")); });
}

}  // namespace
}  // namespace kerf::text
