#include "text/pre_tokenizer.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

using test::pieces_of;
using Strings = std::vector<std::string>;

std::string byte_level(bool prefix, bool regex) {
  return std::string(R"({"type": "ByteLevel", "trim_offsets": true, "add_prefix_space": )") +
         (prefix ? "true" : "false") + R"(, "use_regex": )" + (regex ? "true" : "false") + "}";
}

std::string split(std::string_view pattern, std::string_view behavior, bool invert) {
  return R"({"type": "Split", "pattern": )" + std::string(pattern) + R"(, "behavior": ")" + std::string(behavior) +
         R"(", "invert": )" + (invert ? "true" : "false") + "}";
}

// The library's own examples (tokenizers, pre_tokenizers/byte_level.rs).
TEST(PreTokenizer, ByteLevel) {
  EXPECT_EQ(pieces_of(byte_level(false, true), "Hello my friend, how is your day going?"),
            (Strings{"Hello", "\u0120my", "\u0120friend", ",", "\u0120how", "\u0120is", "\u0120your", "\u0120day",
                     "\u0120going", "?"}));
  EXPECT_EQ(pieces_of(byte_level(false, true), "Hello there       dear"),
            (Strings{"Hello", "\u0120there", "\u0120\u0120\u0120\u0120\u0120\u0120", "\u0120dear"}));
  EXPECT_EQ(pieces_of(byte_level(true, false), "a b"), Strings{"\u0120a\u0120b"});
  EXPECT_EQ(pieces_of(byte_level(true, false), " a"), Strings{"\u0120a"});
  EXPECT_EQ(pieces_of(byte_level(true, true), ""), Strings());
  test::expect_error(ErrorCode::kInput, "key 'add_prefix_space' is missing",
                     [] { pieces_of(R"({"type": "ByteLevel"})", "a"); });
}

// Results of tokenizers 0.23.2.
TEST(PreTokenizer, SplitWithEmptyMatches) {
  const std::string x = R"({"Regex": "x*"})", text = "axxb\u00e9x";
  EXPECT_EQ(pieces_of(split(x, "Isolated", false), text), (Strings{"a", "xx", "b", "\u00e9", "x"}));
  EXPECT_EQ(pieces_of(split(x, "Removed", false), text), (Strings{"a", "b", "\u00e9"}));
  EXPECT_EQ(pieces_of(split(x, "Removed", true), text), (Strings{"xx", "x"}));
  EXPECT_EQ(pieces_of(split(x, "MergedWithPrevious", false), text), (Strings{"axx", "b", "\u00e9x"}));
  EXPECT_EQ(pieces_of(split(x, "MergedWithPrevious", true), text), (Strings{"a", "xxb", "\u00e9", "x"}));
  EXPECT_EQ(pieces_of(split(x, "MergedWithNext", false), text), (Strings{"a", "xxb", "\u00e9", "x"}));
  EXPECT_EQ(pieces_of(split(x, "MergedWithNext", true), text), (Strings{"axx", "b", "\u00e9x"}));
  EXPECT_EQ(pieces_of(split(x, "Contiguous", false), text), (Strings{"a", "xx", "b", "\u00e9", "x"}));
}

TEST(PreTokenizer, SplitAtStringsIsLiteral) {
  EXPECT_EQ(pieces_of(split(R"({"String": "."})", "Removed", false), "a.b"), (Strings{"a", "b"}));
  EXPECT_EQ(pieces_of(split(R"({"String": ""})", "Isolated", false), "abc"), (Strings{"a", "b", "c"}));
}

// Results of tokenizers 0.23.2.
TEST(PreTokenizer, Digits) {
  const std::string text = "a12\u0663\u00bd\u2167\u4e00 \u0be7b";
  EXPECT_EQ(pieces_of(R"({"type": "Digits", "individual_digits": true})", text),
            (Strings{"a", "1", "2", "\u0663", "\u00bd", "\u2167", "\u4e00 ", "\u0be7", "b"}));
  EXPECT_EQ(pieces_of(R"({"type": "Digits", "individual_digits": false})", text),
            (Strings{"a", "12\u0663\u00bd\u2167", "\u4e00 ", "\u0be7", "b"}));
}

TEST(PreTokenizer, SequenceWorksOnThePiecesOfTheStepBefore) {
  const std::string sequence = R"({"type": "Sequence", "pretokenizers": [)" +
                               split(R"({"String": " "})", "Removed", false) + "," +
                               split(R"({"Regex": "^a"})", "Isolated", false) + "," + byte_level(false, false) + "]}";
  EXPECT_EQ(pieces_of(sequence, "ab a\u00e9"), (Strings{"a", "b", "a", "\u00c3\u00a9"}));
}

TEST(PreTokenizer, ChainsThatMultiplyATextAreRefused) {
  std::string steps;
  for (int i = 0; i < 40; ++i) steps += byte_level(false, false) + ",";
  steps.pop_back();
  test::expect_error(ErrorCode::kInput, "expected at most 16 times as much",
                     [&] { pieces_of(R"({"type": "Sequence", "pretokenizers": [)" + steps + "]}", "\u00e9"); });
}

}  // namespace
}  // namespace kerf::text
