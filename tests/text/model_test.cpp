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
  test::expect_error(ErrorCode::kInput, "unk_token: the text has 'b', which the vocabulary does not have",
                     [&] { encoded(model, "ab"); });
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

// Results of tokenizers 0.23.2.
TEST(Bpe, Affixes) {
  const std::string suffixed = R"({"<u>": 0, "t": 1, "h": 2, "e</w>": 3, "th": 4, "the</w>": 5, "t</w>": 6})";
  const std::string suffix = R"(, "unk_token": "<u>", "end_of_word_suffix": "</w>")";
  EXPECT_EQ(encoded(bpe(suffixed, R"(["t h", "th e</w>"])", suffix), "the").ids, Ids{5});
  EXPECT_EQ(encoded(bpe(suffixed, R"(["t h", "th e</w>"])", suffix), "tht").ids, (Ids{4, 6}));
  EXPECT_EQ(encoded(bpe(suffixed, R"(["t h"])", suffix), "hh").ids, (Ids{2, 0}));
  const std::string prefixed = R"({"<u>": 0, "t": 1, "##h": 2, "##e": 3, "th": 4, "the": 5, "##he": 6})";
  const std::string prefix = R"(, "unk_token": "<u>", "continuing_subword_prefix": "##")";
  EXPECT_EQ(encoded(bpe(prefixed, R"(["t ##h", "th ##e"])", prefix), "the").ids, Ids{5});
  EXPECT_EQ(encoded(bpe(prefixed, R"(["##h ##e"])", prefix), "the").ids, (Ids{1, 6}));
  EXPECT_EQ(encoded(bpe(prefixed, "[]", prefix), "ht").ids, (Ids{0, 0}));
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
  refuse("end_of_word_suffix: found 65 bytes",
         bpe(vocabulary, "[]", R"(, "end_of_word_suffix": ")" + std::string(65, 'x') + R"(")"));
  refuse("merges[0]: token 'b' is shorter than continuing_subword_prefix",
         bpe(vocabulary, R"(["a b"])", R"(, "continuing_subword_prefix": "##")"));
  refuse("no option 'surprise'", bpe(vocabulary, "[]", R"(, "surprise": 0)"));
  EXPECT_EQ(
      encoded(bpe(vocabulary, "[]", R"(, "dropout": 0.0, "end_of_word_suffix": "", "continuing_subword_prefix": null)"),
              "a")
          .ids,
      Ids{0});
}

std::string unigram(std::string_view pieces, std::string_view options = R"(, "unk_id": 0)") {
  return R"({"type": "Unigram", "vocab": )" + std::string(pieces) + std::string(options) + "}";
}

// Results of tokenizers 0.23.2, here and below.
TEST(Unigram, TheBestSumOfScores) {
  const std::string model = unigram(R"([["<unk>", 0], ["a", -1.1], ["b", -1.2], ["ab", -2.3], ["ba", -2.25],
      ["aba", -3.45], ["cc", -50], ["<0xC3>", -1], ["<0xA9>", -1]])");
  EXPECT_EQ(encoded(model, "a").ids, Ids{1});
  EXPECT_EQ(encoded(model, "ab").ids, Ids{3});
  EXPECT_EQ(encoded(model, "aba").ids, (Ids{1, 4}));
  EXPECT_EQ(encoded(model, "abab").ids, (Ids{1, 4, 2}));
  EXPECT_EQ(encoded(model, "ababa").ids, (Ids{1, 4, 4}));
  EXPECT_EQ(encoded(model, "acca").ids, (Ids{1, 6, 1}));
  EXPECT_EQ(encoded(model, "").ids, Ids());
}

TEST(Unigram, UnknownCharactersAreOneToken) {
  const std::string pieces = R"([["<unk>", 0], ["a", -1], ["b", -1], ["<0xC3>", -1], ["<0xA9>", -1]])";
  const auto run = encoded(unigram(pieces), "axx\u00e9b");
  EXPECT_EQ(run.ids, (Ids{1, 0, 2}));
  EXPECT_EQ(run.unknown, 3);
  EXPECT_EQ(encoded(unigram(pieces), "<unk>x").ids, Ids{0});
  EXPECT_EQ(encoded(unigram(pieces), "x<unk>").ids, Ids{0});
  const std::string bytes = unigram(pieces, R"(, "unk_id": 0, "byte_fallback": true)");
  EXPECT_EQ(encoded(bytes, "a\u00e9b").ids, (Ids{1, 3, 4, 2}));
  EXPECT_EQ(encoded(bytes, "a\u00e9b").unknown, 0);
  EXPECT_EQ(encoded(bytes, "\u00e9x").ids, Ids{0});
}

TEST(Unigram, OddScores) {
  // The unknown token is better than all: what it covers may be a token nevertheless.
  const std::string good = unigram(R"([["u", 100], ["ab", 200], ["c", 1000]])");
  EXPECT_EQ(encoded(good, "ab").ids, Ids{1});
  EXPECT_EQ(encoded(good, "abab").ids, (Ids{1, 1}));
  EXPECT_EQ(encoded(good, "abc").ids, (Ids{1, 2}));
  // Of equal tokens the last counts.
  const std::string twice = unigram(R"([["u", 0], ["a", -1], ["b", -1], ["a", -9], ["ab", -5]])");
  EXPECT_EQ(encoded(twice, "ab").ids, Ids{4});
  EXPECT_EQ(encoded(twice, "aab").ids, (Ids{3, 4}));
}

TEST(Unigram, LongTexts) {
  const std::string model = unigram(R"([["<unk>", 0], ["a", -1], ["aa", -1.5], ["b", -1]])");
  const auto ids = encoded(model, std::string(200001, 'a') + "b").ids;
  EXPECT_EQ(ids.size(), 100002u);
  EXPECT_EQ(ids.back(), 3);
}

TEST(Unigram, HostileModels) {
  const auto refuse = [](std::string_view message, const std::string& model, std::string_view text = "a") {
    test::expect_error(ErrorCode::kInput, message, [&] { encoded(model, text); });
  };
  refuse("vocab: found no token", unigram("[]"));
  refuse("vocab: found an object", unigram("{}"));
  refuse("vocab[0]: expected a token and its score", unigram(R"([["a"]])"));
  refuse("vocab[0]: expected a token and its score", unigram(R"([["a", "b"]])"));
  refuse("vocab[1]: expected a token and its score", unigram(R"([["a", 1], [1, 1]])"));
  refuse("unk_id: found 1, expected a value from 0 to 0", unigram(R"([["a", 0]])", R"(, "unk_id": 1)"));
  refuse("unk_id: found -1", unigram(R"([["a", 0]])", R"(, "unk_id": -1)"));
  refuse("unk_id: the text has 'b', which the vocabulary does not have, and the model names no unknown token",
         unigram(R"([["a", 0]])", ""), "ab");
  refuse("no option 'surprise'", unigram(R"([["a", 0]])", R"(, "surprise": 0)"));
  EXPECT_EQ(encoded(unigram(R"([["a", 0], ["b", 0]])", R"(, "unk_id": null)"), "ab").ids, (Ids{0, 1}));
}

std::string word_piece(std::string_view prefix = "##") {
  return R"({"type": "WordPiece", "unk_token": "[UNK]", "max_input_chars_per_word": 5, "continuing_subword_prefix": ")" +
         std::string(prefix) +
         R"(", "vocab": {"[UNK]": 0, "a": 1, "ab": 2, "##b": 3, "##bc": 4, "##c": 5, "##\u00e9": 6, "##": 7}})";
}

TEST(WordPiece, TheLongestTokenFirst) {
  EXPECT_EQ(encoded(word_piece(), "abc").ids, (Ids{2, 5}));
  EXPECT_EQ(encoded(word_piece(), "abbcc").ids, (Ids{2, 4, 5}));
  EXPECT_EQ(encoded(word_piece(), "a\u00e9").ids, (Ids{1, 6}));
  EXPECT_EQ(encoded(word_piece(), "##b").ids, Ids{3});
  EXPECT_EQ(encoded(word_piece(""), "aab").ids, (Ids{1, 2}));
}

TEST(WordPiece, AWordThatCannotBeCoveredIsUnknown) {
  EXPECT_EQ(encoded(word_piece(), "b").ids, Ids{0});
  const auto rest = encoded(word_piece(), "abd");
  EXPECT_EQ(rest.ids, Ids{0});
  EXPECT_EQ(rest.unknown, 3);
  EXPECT_EQ(encoded(word_piece(), "abbccc").ids, Ids{0});
  EXPECT_EQ(encoded(word_piece(), "a\u00e9\u00e9\u00e9\u00e9").ids.size(), 5u);
  EXPECT_EQ(encoded(word_piece(), "a\u00e9\u00e9\u00e9\u00e9\u00e9").ids, Ids{0});
}

TEST(WordLevel, WholeWords) {
  const std::string model = R"({"type": "WordLevel", "unk_token": "u", "vocab": {"u": 0, "a": 1}})";
  EXPECT_EQ(encoded(model, "a").ids, Ids{1});
  EXPECT_EQ(encoded(model, "ab").ids, Ids{0});
  EXPECT_EQ(encoded(model, "ab").unknown, 2);
  test::expect_error(ErrorCode::kInput, "unk_token: the text has 'b'",
                     [] { encoded(R"({"type": "WordLevel", "unk_token": "u", "vocab": {"a": 1}})", "b"); });
}

TEST(Model, WithoutATypeTheKeysTell) {
  EXPECT_EQ(encoded(R"({"vocab": {"a": 4}, "merges": []})", "a").ids, Ids{4});
  EXPECT_EQ(encoded(R"({"vocab": {"a": 4}, "unk_token": "u"})", "a").ids, Ids{4});
  EXPECT_EQ(encoded(R"({"vocab": [["a", 0]], "unk_id": 0})", "a").ids, Ids{0});
  EXPECT_EQ(encoded(R"({"vocab": {"a": 4, "##b": 5}, "unk_token": "u", "continuing_subword_prefix": "##",
                       "max_input_chars_per_word": 100})",
                    "ab")
                .ids,
            (Ids{4, 5}));
  EXPECT_EQ(model_type(test::json(R"({"type": "Unigram", "merges": []})")), "Unigram");
  EXPECT_EQ(model_type(test::json(R"({"merges": []})")), "BPE");
  EXPECT_EQ(model_type(test::json(R"({"vocab": []})")), "Unigram");
  EXPECT_EQ(model_type(test::json("{}")), "");
  test::expect_error(ErrorCode::kInput, "key 'type' is missing", [] { encoded(R"({"vocab": {"a": 0}})", "a"); });
}

}  // namespace
}  // namespace kerf::text
