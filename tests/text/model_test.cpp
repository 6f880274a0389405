#include "text/model.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

using Ids = std::vector<std::int64_t>;

EncodedIds encoded(std::string_view model, std::string_view word) {
  Pieces pieces;
  pieces.assign(word);
  EncodedIds out;
  const auto bpe = make_model(test::cursor(model));
  bpe->encode(pieces, out);
  // Twice, so that the second comes from the cache.
  EncodedIds again;
  bpe->encode(pieces, again);
  EXPECT_EQ(again.ids, out.ids);
  EXPECT_EQ(again.unknown, out.unknown);
  return out;
}

std::string bpe(std::string_view vocabulary, std::string_view merges, std::string_view options = "") {
  return R"({"type": "BPE", "vocab": )" + std::string(vocabulary) + R"(, "merges": )" + std::string(merges) +
         std::string(options) + "}";
}

TEST(Bpe, MergesByRank) {
  const std::string vocabulary = R"({"a": 0, "b": 1, "ab": 2, "ba": 3, "aba": 4})";
  EXPECT_EQ(encoded(bpe(vocabulary, R"(["a b", "b a", "ab a"])"), "ababa").ids, (Ids{2, 4}));
  EXPECT_EQ(encoded(bpe(vocabulary, R"([["b", "a"], ["a", "b"]])"), "ababa").ids, (Ids{0, 3, 3}));
  // The last of equal merges counts (tokenizers 0.23.2).
  EXPECT_EQ(encoded(bpe(vocabulary, R"(["a b", "b a", "a b"])"), "abab").ids, (Ids{0, 3, 1}));
  EXPECT_EQ(encoded(bpe(vocabulary, R"(["#version: 0.2", "a b"])"), "ab").ids, Ids{2});
  EXPECT_EQ(encoded(bpe(vocabulary, "[]"), "ab").ids, (Ids{0, 1}));
}

TEST(Bpe, MergesOfArraysMayHoldSpaces) {
  EXPECT_EQ(encoded(bpe(R"({"a": 0, " ": 1, "a ": 2})", R"([["a", " "]])"), "a ").ids, Ids{2});
}

TEST(Bpe, IgnoreMergesTakesWholeWords) {
  const std::string vocabulary = R"({"a": 0, "b": 1, "ab": 2})";
  EXPECT_EQ(encoded(bpe(vocabulary, "[]", R"(, "ignore_merges": true)"), "ab").ids, Ids{2});
  EXPECT_EQ(encoded(bpe(vocabulary, "[]"), "ab").ids, (Ids{0, 1}));
}

// Results of tokenizers 0.23.2.
TEST(Bpe, UnknownCharacters) {
  const std::string vocabulary = R"({"a": 0, "b": 1, "<u>": 2, "ab": 3, "<0xC3>": 4, "<0xA9>": 5})";
  const auto apart = encoded(bpe(vocabulary, "[]", R"(, "unk_token": "<u>")"), "acccb");
  EXPECT_EQ(apart.ids, (Ids{0, 2, 2, 2, 1}));
  EXPECT_EQ(apart.unknown, 3);
  EXPECT_EQ(encoded(bpe(vocabulary, "[]", R"(, "unk_token": "<u>", "fuse_unk": true)"), "acccb").ids, (Ids{0, 2, 1}));
  const auto dropped = encoded(bpe(vocabulary, R"(["a b"])"), "acb");
  EXPECT_EQ(dropped.ids, Ids{3});
  EXPECT_EQ(dropped.unknown, 1);
}

// Results of tokenizers 0.23.2: an unknown token waits, bytes overtake it.
TEST(Bpe, ByteFallback) {
  const std::string vocabulary = R"({"a": 0, "b": 1, "<u>": 2, "<0xC3>": 3, "<0xA9>": 4})";
  const std::string options = R"(, "unk_token": "<u>", "byte_fallback": true, "fuse_unk": )";
  EXPECT_EQ(encoded(bpe(vocabulary, "[]", options + "true"), "ac\u00e9cb").ids, (Ids{0, 3, 4, 2, 1}));
  EXPECT_EQ(encoded(bpe(vocabulary, "[]", options + "false"), "cc\u00e9a").ids, (Ids{2, 3, 4, 2, 0}));
}

TEST(Bpe, AMissingUnknownTokenMattersOnlyWhenItIsNeeded) {
  const std::string model = bpe(R"({"a": 0})", "[]", R"(, "unk_token": "<u>")");
  EXPECT_EQ(encoded(model, "aa").ids, (Ids{0, 0}));
  test::expect_error(ErrorCode::kInput, "unk_token: the text has the character 'b'", [&] { encoded(model, "ab"); });
}

TEST(Bpe, WordsOfEveryLength) {
  const std::string model = bpe(R"({"a": 0, "aa": 1, "aaaa": 2})", R"(["a a", "aa aa"])");
  for (const std::size_t length : {1u, 63u, 64u, 65u, 255u, 256u, 100000u}) {
    Ids expected(length / 4, 2);
    if (length % 4 >= 2) expected.push_back(1);
    if (length % 2 == 1) expected.push_back(0);
    EXPECT_EQ(encoded(model, std::string(length, 'a')).ids, expected) << length;
  }
}

TEST(Bpe, HostileModels) {
  const auto refuse = [](std::string_view message, const std::string& model) {
    test::expect_error(ErrorCode::kInput, message, [&] { encoded(model, "a"); });
  };
  const std::string vocabulary = R"({"a": 0, "b": 1, "": 2})";
  refuse("merges[0]: token 'c' is not in the vocabulary", bpe(vocabulary, R"(["a c"])"));
  refuse("merges[0]: token 'ab' is not in the vocabulary", bpe(vocabulary, R"(["a b"])"));
  refuse("merges[0]: found 'a b c', expected two tokens", bpe(vocabulary, R"(["a b c"])"));
  refuse("merges[0]: found 'ab', expected two tokens", bpe(vocabulary, R"(["ab"])"));
  refuse("merges[0]: expected a merge as", bpe(vocabulary, R"([["a"]])"));
  refuse("merges[0]: expected a merge as", bpe(vocabulary, "[5]"));
  refuse("merges[0]: found a merge with nothing", bpe(vocabulary, R"([["a", ""]])"));
  refuse("merges: found an object, expected an array", bpe(vocabulary, "{}"));
  refuse("vocab: found no token", bpe("{}", "[]"));
  refuse("dropout: found merges that are dropped at random", bpe(vocabulary, "[]", R"(, "dropout": 0.1)"));
  refuse("end_of_word_suffix: found '</w>'", bpe(vocabulary, "[]", R"(, "end_of_word_suffix": "</w>")"));
  refuse("continuing_subword_prefix: found '##'", bpe(vocabulary, "[]", R"(, "continuing_subword_prefix": "##")"));
  refuse("no option 'surprise'", bpe(vocabulary, "[]", R"(, "surprise": 0)"));
  EXPECT_EQ(
      encoded(bpe(vocabulary, "[]", R"(, "dropout": 0.0, "end_of_word_suffix": "", "continuing_subword_prefix": null)"),
              "a")
          .ids,
      Ids{0});
}

}  // namespace
}  // namespace kerf::text
