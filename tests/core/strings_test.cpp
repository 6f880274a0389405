#include "core/strings.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Quoted, KeepsReadableText) {
  EXPECT_EQ(kerf::quoted(""), "''");
  EXPECT_EQ(kerf::quoted("model.layers.0"), "'model.layers.0'");
  EXPECT_EQ(kerf::quoted("gr\xC3\xB6\xC3\x9F"
                         "e \xF0\x9F\x98\x80"),
            "'gr\xC3\xB6\xC3\x9F"
            "e \xF0\x9F\x98\x80'");
}

TEST(Quoted, NothingReachesTheTerminalThatMovesIt) {
  EXPECT_EQ(kerf::quoted("\x1B[2J\n\r\t\x7F"), "'\\x1B[2J\\x0A\\x0D\\x09\\x7F'");
  EXPECT_EQ(kerf::quoted(std::string_view("a\0b", 3)),
            "'a\\x00"
            "b'");
  EXPECT_EQ(kerf::quoted("\xC2\x9B"), "'\\xC2\\x9B'");           // C1 control sequence introducer
  EXPECT_EQ(kerf::quoted("\xE2\x80\xAE"), "'\\xE2\\x80\\xAE'");  // right-to-left override
  EXPECT_EQ(kerf::quoted("\xEF\xBB\xBF"), "'\\xEF\\xBB\\xBF'");  // byte order mark
}

TEST(Quoted, InvalidUtf8IsSpelledOut) {
  EXPECT_EQ(kerf::quoted("\xFF"), "'\\xFF'");
  EXPECT_EQ(kerf::quoted("a\xC3"), "'a\\xC3'");
  EXPECT_EQ(kerf::quoted("\xED\xA0\x80"), "'\\xED\\xA0\\x80'");
}

TEST(Quoted, IsCutAfterTheLimit) {
  EXPECT_EQ(kerf::quoted("abcde", 5), "'abcde'");
  EXPECT_EQ(kerf::quoted("abcdef", 5), "'abcde\xE2\x80\xA6'");
  // A character is not cut in two, an escape may end a little later.
  EXPECT_EQ(kerf::quoted("abcd\xC3\xB6x", 5), "'abcd\xC3\xB6\xE2\x80\xA6'");
  EXPECT_LT(kerf::quoted(std::string(1 << 20, '\x01')).size(), 100U);
}

TEST(Utf8, FindsTheFirstInvalidByte) {
  EXPECT_EQ(find_invalid_utf8(""), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("plain"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("\xC3\xB6\xE2\x82\xAC\xF4\x8F\xBF\xBF"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("ab\xFF"), 2U);
  EXPECT_EQ(find_invalid_utf8("\xC3\xB6\x80"), 2U);          // a continuation without a lead
  EXPECT_EQ(find_invalid_utf8("\xE2\x82"), 0U);              // cut off
  EXPECT_EQ(find_invalid_utf8("\xC0\xAF"), 0U);              // overlong
  EXPECT_EQ(find_invalid_utf8("\xE0\x80\xAF"), 0U);          // overlong
  EXPECT_EQ(find_invalid_utf8("\xED\xBF\xBF"), 0U);          // surrogate
  EXPECT_EQ(find_invalid_utf8("\xF4\x90\x80\x80"), 0U);      // beyond U+10FFFF
  EXPECT_EQ(find_invalid_utf8("\xF8\x88\x80\x80\x80"), 0U);  // five bytes
}

TEST(Utf8, CodePointsReadBackAtEveryLength) {
  const std::u32string points = {0x1, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF};
  std::string text;
  for (const char32_t point : points) append_utf8(text, point);
  EXPECT_EQ(text.size(), 1U + 1 + 2 + 2 + 3 + 3 + 3 + 4 + 4);
  EXPECT_EQ(find_invalid_utf8(text), std::nullopt);
  EXPECT_EQ(decode_utf8(text), points);
  EXPECT_EQ(decode_utf8("\xE2\x82\xAC"), U"\u20AC");
}

TEST(Strings, LowerCaseIsThatOfAsciiOnly) {
  EXPECT_EQ(to_lower_ascii("Q4_K-AZ"), "q4_k-az");
  EXPECT_EQ(to_lower_ascii("\xC3\x84"), "\xC3\x84");
}

TEST(Strings, SplitKeepsEmptyParts) {
  EXPECT_THAT(split("a,b", ','), ElementsAre("a", "b"));
  EXPECT_THAT(split(",a,,", ','), ElementsAre("", "a", "", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_EQ(join(split("a,,b", ','), ","), "a,,b");
  EXPECT_EQ(join(std::vector<std::string>{}, ", "), "");
}

TEST(Strings, PrefixAndSuffix) {
  EXPECT_TRUE(starts_with("abc", "") && starts_with("abc", "ab") && starts_with("abc", "abc"));
  EXPECT_FALSE(starts_with("abc", "abcd") || starts_with("abc", "b"));
  EXPECT_TRUE(ends_with("abc", "") && ends_with("abc", "bc") && ends_with("abc", "abc"));
  EXPECT_FALSE(ends_with("abc", "xabc") || ends_with("abc", "b"));
}

TEST(Glob, StarsStandForAnyRun) {
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("model.*.weight", "model.layers.0.q_proj.weight"));
  EXPECT_TRUE(glob_match("*mlp*", "model.layers.0.mlp.up_proj.weight"));
  EXPECT_TRUE(glob_match("a*b*c", "a-b-b-c-c"));
  EXPECT_TRUE(glob_match("**", "x"));
  EXPECT_FALSE(glob_match("a*b", "a-b-c"));
  EXPECT_FALSE(glob_match("*.bias", "q_proj.weight"));
}

TEST(Glob, QuestionMarksStandForOneCharacter) {
  EXPECT_TRUE(glob_match("layers.?", "layers.7"));
  EXPECT_FALSE(glob_match("layers.?", "layers.10"));
  EXPECT_FALSE(glob_match("layers.?", "layers."));
  EXPECT_TRUE(glob_match("*?", "x"));
  EXPECT_FALSE(glob_match("*?", ""));
}

TEST(Glob, WithoutWildcardsTheNameIsMeant) {
  EXPECT_TRUE(glob_match("a.b", "a.b"));
  EXPECT_FALSE(glob_match("a.b", "axb"));
  EXPECT_FALSE(glob_match("a", "ab"));
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("", "a"));
}

TEST(Glob, ManyStarsAreNotSlow) {
  // Exponential backtracking would take longer than the universe has had.
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(glob_match(pattern + "b", std::string(5000, 'a')));
}

TEST(NearestName, IsALikelyTypoOrNothing) {
  const std::vector<std::string> known = {"int4-g32", "int8", "q4_0", "gptq"};
  EXPECT_EQ(nearest_name("int4-g3", known), "int4-g32");
  EXPECT_EQ(nearest_name("GTPQ", known), "gptq");
  EXPECT_EQ(nearest_name("something else", known), std::nullopt);
  EXPECT_EQ(nearest_name("int8", {}), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(1 << 20, 'i'), known), std::nullopt);
}

TEST(UnknownName, NamesTheKindTheNearestAndAll) {
  const std::vector<std::string> known = {"rtn", "gptq"};
  EXPECT_EQ(unknown_name("method", "gtpq", known), "no method 'gtpq'; did you mean gptq? known: rtn, gptq");
  EXPECT_EQ(unknown_name("method", "\x1B[2J-something", known), "no method '\\x1B[2J-something'; known: rtn, gptq");
}

TEST(Figures, HaveCommasInThrees) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(with_commas(18446744073709551615ULL), "18,446,744,073,709,551,615");
}

TEST(Figures, BytesHaveTheUnitThatSuitsThem) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes(14683232), "14.0 MiB");
  EXPECT_EQ(human_bytes(std::uint64_t{3} << 30), "3.0 GiB");
  EXPECT_EQ(human_bytes((std::uint64_t{1} << 20) - 1), "1.0 MiB");  // not 1024.0 KiB
  EXPECT_EQ(human_bytes(~std::uint64_t{0}), "16384.0 PiB");
}

}  // namespace
}  // namespace kerf
