#include "text/added_tokens.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

using Strings = std::vector<std::string>;

std::string token(std::int64_t id, std::string_view content, std::string_view flags = "") {
  std::string json = R"({"id": )" + std::to_string(id) + R"(, "content": ")" + std::string(content) + '"';
  for (const std::string_view flag : {"single_word", "lstrip", "rstrip", "normalized", "special"}) {
    json += R"(, ")" + std::string(flag) + R"(": )" + (flags.find(flag) != std::string_view::npos ? "true" : "false");
  }
  return json + "}";
}

AddedTokens added(const std::string& tokens, const Normalizer* normalizer = nullptr) {
  return AddedTokens::from_json(test::cursor("[" + tokens + "]"),
                                Vocabulary::from_json(test::cursor(R"({"a": 0, "b": 1})")), normalizer);
}

Strings texts(const std::vector<AddedTokens::Segment>& segments) {
  Strings all;
  for (const auto& segment : segments) all.push_back((segment.token != nullptr ? "*" : "") + std::string(segment.text));
  return all;
}

TEST(AddedTokens, CutTheText) {
  const auto tokens = added(token(2, "<s>"));
  EXPECT_EQ(texts(tokens.split_raw("<s>x<s><s>y")), (Strings{"*<s>", "x", "*<s>", "*<s>", "y"}));
  EXPECT_TRUE(tokens.split_raw("").empty());
  EXPECT_EQ(tokens.find(std::int64_t{2})->content, "<s>");
  EXPECT_EQ(tokens.find("<s>")->id, 2);
  EXPECT_EQ(tokens.find("a"), nullptr);
}

// tokenizers' own example (added_vocabulary.rs, test_lstrip_unicode_space).
TEST(AddedTokens, StripWhiteSpaceOnce) {
  const auto tokens = added(token(2, "<mask>", "lstrip rstrip single_word"));
  EXPECT_EQ(texts(tokens.split_raw("Hi <mask> there\t<mask>\t<mask>\u2000")),
            (Strings{"Hi", "* <mask> ", "there", "*\t<mask>\t", "*<mask>\u2000"}));
}

// As above, test_single_word_is_correct and test_single_word_is_unicode_correct.
TEST(AddedTokens, SingleWords) {
  const auto tokens = added(token(2, "<mask>", "single_word"));
  EXPECT_EQ(texts(tokens.split_raw("<mask> My name <mask> A<mask> <mask>ony <mask>")),
            (Strings{"*<mask>", " My name ", "*<mask>", " A<mask> <mask>ony ", "*<mask>"}));
  EXPECT_EQ(texts(tokens.split_raw("<mask>, <mask>- \u25cc\u0330<mask>")),
            (Strings{"*<mask>", ", ", "*<mask>", "- \u25cc\u0330<mask>"}));
}

TEST(AddedTokens, NormalizedTokensMatchNormalizedText) {
  const auto lowercase = make_normalizer(test::cursor(R"({"type": "Lowercase"})"));
  const auto tokens = added(token(2, "MY", "normalized") + "," + token(3, "RAW"), lowercase.get());
  EXPECT_EQ(texts(tokens.split_raw("MY RAW")), (Strings{"MY ", "*RAW"}));
  EXPECT_EQ(texts(tokens.split_normalized("oh my raw")), (Strings{"oh ", "*my", " raw"}));
  EXPECT_EQ(tokens.find("MY")->matched, "my");
}

TEST(AddedTokens, OfEqualNormalizedTokensTheSpecialOneWins) {
  const auto lowercase = make_normalizer(test::cursor(R"({"type": "Lowercase"})"));
  const auto tokens = added(token(2, "x", "normalized") + "," + token(3, "X", "normalized special"), lowercase.get());
  EXPECT_EQ(tokens.split_normalized("x")[0].token->id, 3);
}

TEST(AddedTokens, IdsFollowTheVocabulary) {
  EXPECT_EQ(added(token(1, "b") + "," + token(2, "c") + "," + token(3, "d")).tokens().size(), 3u);
  const auto refuse = [](std::string_view message, const std::string& tokens) {
    test::expect_error(ErrorCode::kInput, message, [&] { added(tokens); });
  };
  refuse("test.json: [0]: token 'c' has id 10, expected 2: the next one after the vocabulary", token(10, "c"));
  refuse("token 'b' has id 7, expected 1: its id in the vocabulary", token(7, "b"));
  refuse("token 'c' is added twice", token(2, "c") + "," + token(3, "c"));
  refuse("[1]: token 'd' has id 2, expected 3", token(2, "c") + "," + token(2, "d"));
  refuse("found an empty token", token(2, ""));
  refuse("found -1, expected a value from 0", token(-1, "c"));
  refuse("found a token of 1025 bytes", token(2, std::string(1025, 'x')));
  refuse("key 'lstrip' is missing",
         R"({"id": 2, "content": "c", "special": true, "normalized": true, "single_word": true})");
}

TEST(AddedTokens, AVocabularyWithGapsKeepsItsIds) {
  const auto vocabulary = Vocabulary::from_json(test::cursor(R"({"a": 0, "b": 2})"));
  test::expect_error(ErrorCode::kInput, "token 'c' has id 2, which the vocabulary gives to 'b'",
                     [&] { AddedTokens::from_json(test::cursor("[" + token(2, "c") + "]"), vocabulary, nullptr); });
}

TEST(AddedTokens, TokensThatNormalizeToNothingAreRefused) {
  const auto remove =
      make_normalizer(test::cursor(R"({"type": "Replace", "pattern": {"String": "x"}, "content": ""})"));
  test::expect_error(ErrorCode::kInput, "token 'x' is 0 bytes long once normalized",
                     [&] { added(token(2, "x", "normalized"), remove.get()); });
}

}  // namespace
}  // namespace kerf::text
