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

// Results of tokenizers 0.23.2, here and below.
TEST(PreTokenizer, WordsAndPunctuation) {
  const std::string text = "  Hey, caf\u00e9!! a_b\u3000c\u0301\u166d\u2e52x  ";
  EXPECT_EQ(pieces_of(R"({"type": "BertPreTokenizer"})", text),
            (Strings{"Hey", ",", "caf\u00e9", "!", "!", "a", "_", "b", "c\u0301", "\u166d", "\u2e52x"}));
  EXPECT_EQ(pieces_of(R"({"type": "Whitespace"})", text),
            (Strings{"Hey", ",", "caf\u00e9", "!!", "a_b", "c\u0301", "\u166d\u2e52", "x"}));
  EXPECT_EQ(pieces_of(R"({"type": "WhitespaceSplit"})", text),
            (Strings{"Hey,", "caf\u00e9!!", "a_b", "c\u0301\u166d\u2e52x"}));
  EXPECT_EQ(pieces_of(R"({"type": "Punctuation"})", "a,,b"), (Strings{"a", ",", ",", "b"}));
  EXPECT_EQ(pieces_of(R"({"type": "Punctuation", "behavior": "Contiguous"})", "a,,b"), (Strings{"a", ",,", "b"}));
  EXPECT_EQ(pieces_of(R"({"type": "Punctuation", "behavior": "Removed"})", "a,,b"), (Strings{"a", "b"}));
  EXPECT_EQ(pieces_of(R"({"type": "CharDelimiterSplit", "delimiter": "x"})", "xaxxbx"), (Strings{"a", "b"}));
}

TEST(PreTokenizer, FixedLength) {
  EXPECT_EQ(pieces_of(R"({"type": "FixedLength", "length": 2})", "ab\u00e9d\u65e5"),
            (Strings{"ab", "\u00e9d", "\u65e5"}));
  EXPECT_EQ(pieces_of(R"({"type": "FixedLength"})", "abcdefg"), (Strings{"abcde", "fg"}));
  test::expect_error(ErrorCode::kInput, "length: found 0",
                     [] { pieces_of(R"({"type": "FixedLength", "length": 0})", "a"); });
}

TEST(PreTokenizer, UnicodeScripts) {
  const std::string scripts = R"({"type": "UnicodeScripts"})";
  EXPECT_EQ(pieces_of(scripts, "\u3069\u3053\u3067\u751f\u308c\u3002Yes"),
            (Strings{"\u3069\u3053\u3067\u751f\u308c", "\u3002", "Yes"}));
  EXPECT_EQ(pieces_of(scripts, " \u30fc\u30a2\u6f22 a\u0300 \u044f"),
            (Strings{"\u30fc\u30a2\u6f22 ", "a", "\u0300 ", "\u044f"}));
  EXPECT_EQ(pieces_of(scripts, "  "), Strings());
}

TEST(PreTokenizer, Metaspace) {
  const auto metaspace = [](std::string_view options) {
    return R"({"type": "Metaspace", "replacement": "_")" + std::string(options) + "}";
  };
  EXPECT_EQ(pieces_of(metaspace(""), "Hey   friend!"), (Strings{"_Hey", "_", "_", "_friend!"}));
  EXPECT_EQ(pieces_of(metaspace(R"(, "prepend_scheme": "always", "split": false)"), "a b"), Strings{"_a_b"});
  EXPECT_EQ(pieces_of(metaspace(R"(, "prepend_scheme": "never", "add_prefix_space": false)"), "a b"),
            (Strings{"a", "_b"}));
  EXPECT_EQ(pieces_of(metaspace(R"(, "add_prefix_space": true, "str_rep": "_")"), " a_b "), (Strings{"_a", "_b", "_"}));
  EXPECT_EQ(pieces_of(metaspace(R"(, "add_prefix_space": false)"), "a b"), (Strings{"a", "_b"}));
  test::expect_error(ErrorCode::kInput, "prepend_scheme: no prepend_scheme 'alway'; did you mean always?",
                     [&] { pieces_of(metaspace(R"(, "prepend_scheme": "alway")"), "a"); });
  test::expect_error(ErrorCode::kInput, "add_prefix_space: found false, which contradicts prepend_scheme",
                     [&] { pieces_of(metaspace(R"(, "add_prefix_space": false, "prepend_scheme": "first")"), "a"); });
  test::expect_error(ErrorCode::kInput, "replacement: found '__', expected one character",
                     [&] { pieces_of(R"({"type": "Metaspace", "replacement": "__"})", "a"); });
}

TEST(PreTokenizer, MetaspaceFirstIsTheBeginningOfTheText) {
  const std::string first = R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "first"})";
  const auto pieces = [](const std::string& description, std::string_view text, bool at_beginning) {
    Pieces out;
    out.assign(text, at_beginning);
    make_pre_tokenizer(test::cursor(description))->split(out);
    Strings views;
    for (const Span span : out.spans) views.emplace_back(out.view(span));
    return views;
  };
  EXPECT_EQ(pieces(first, "a b", true), (Strings{"_a", "_b"}));
  EXPECT_EQ(pieces(first, "a b", false), (Strings{"a", "_b"}));
  const std::string words = R"({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, )" + first + "]}";
  EXPECT_EQ(pieces(words, "a b", true), (Strings{"_a", "b"}));
  EXPECT_EQ(pieces(words, " a b", true), (Strings{"a", "b"}));
}

}  // namespace
}  // namespace kerf::text
