// SentencePiece and WordPiece tokenizers through GGUF's metadata and back: texts become the ids that Google's library
// and Hugging Face's give.

#include "formats/gguf/pieces.h"

#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/gguf/merge_scores.h"
#include "formats/gguf/token_types.h"
#include "formats/gguf/tokenizer.h"
#include "formats/tokenizer_files/folder.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "text/tokenizer.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;

Metadata write(const description::Tokenizer& tokenizer, std::int64_t vocab_size) {
  Metadata metadata;
  std::vector<std::string> notes;
  write_tokenizer(tokenizer, {}, vocab_size, metadata, notes);
  return metadata;
}

description::Tokenizer read(const Metadata& metadata) {
  std::vector<std::string> notes;
  return read_tokenizer(MetadataReader(metadata, "model.gguf"), notes);
}

class GgufPieces : public testing::TestWithParam<const char*> {};

TEST_P(GgufPieces, TextsKeepTheirTokens) {
  const std::string folder = test::source_dir() + "/tests/golden/sentencepiece/" + GetParam();
  description::Tokenizer tokenizer;
  tokenizer_files::read_older_tokenizer(folder, tokenizer);
  ASSERT_FALSE(tokenizer.refusal);
  const auto direct = text::Tokenizer::make(tokenizer);
  const auto through = text::Tokenizer::make(read(write(tokenizer, direct->vocab_size() + 3)));
  std::ifstream lines(folder + "/expected.jsonl");
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const Json expected = Json::parse(line, folder);
    const std::string& text = expected.find("text")->as_string();
    Json ids = Json::array();
    for (const std::int64_t id : through->encode(text, true)) ids.push_back(id);
    EXPECT_EQ(ids.dump(), expected.find("ids")->dump()) << text;
  }
  EXPECT_GT(count, 20);
}

INSTANTIATE_TEST_SUITE_P(Files, GgufPieces, testing::Values("llama", "gemma", "t5", "xlm-roberta"),
                         [](const auto& each) {
                           std::string name = each.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

/// A tokenizer.json as transformers makes it of a SentencePiece model.
description::Tokenizer merges(const std::string& vocab, const std::string& list) {
  description::Tokenizer tokenizer;
  tokenizer.source_file = "tokenizer.json";
  tokenizer.tokenizer_json = Json::parse(R"({"added_tokens": [{"id": 0, "content": "<unk>", "special": true}],
    "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                   {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
    "pre_tokenizer": null, "post_processor": null, "decoder": null,
    "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "vocab": )" +
                                             vocab + R"(, "merges": )" + list + "}}",
                                         "");
  return tokenizer;
}

constexpr const char* kVocab = R"({"<unk>": 0, "<0x41>": 1, "a": 2, "b": 3, "▁": 4, "ab": 5, "▁ab": 6, "▁a": 7})";

TEST(GgufMerges, BecomeScores) {
  const Metadata metadata = write(merges(kVocab, R"([["a", "b"], ["▁", "ab"], ["▁a", "b"], ["▁", "a"]])"), 8);
  EXPECT_EQ(*metadata.find(kTokenizerModelKey), Value(std::string("llama")));
  EXPECT_EQ(*metadata.find(kSpacePrefixKey), Value(true));
  const auto& scores = std::get<std::vector<float>>(std::get<Array>(*metadata.find(kScoresKey)).items);
  EXPECT_EQ(scores[5], 0.0F);
  EXPECT_EQ(scores[6], -1.0F);
  EXPECT_EQ(scores[7], -3.0F);
  const auto& types = std::get<std::vector<std::int32_t>>(std::get<Array>(*metadata.find(kTokenTypesKey)).items);
  EXPECT_THAT(types, testing::ElementsAre(2, 6, 1, 1, 1, 1, 1, 1));
  const auto tokenizer = text::Tokenizer::make(read(metadata));
  EXPECT_THAT(tokenizer->encode("ab ab", false), testing::ElementsAre(6, 6));
  EXPECT_THAT(tokenizer->encode("aA", false), testing::ElementsAre(7, 1));
}

TEST(GgufMerges, ThatScoresCannotSayAreRefused) {
  expect_error(ErrorCode::kUsage, "found 1 of the 2 merges of '▁ab'",
               [] { write(merges(kVocab, R"([["a", "b"], ["▁", "ab"], ["▁", "a"]])"), 8); });
  expect_error(ErrorCode::kUsage, "found merges of '▁ab' at several places",
               [] { write(merges(kVocab, R"([["a", "b"], ["▁", "ab"], ["▁", "a"], ["▁a", "b"]])"), 8); });
  expect_error(ErrorCode::kInput, "found a pair whose sum 'ba' is no token",
               [] { write(merges(kVocab, R"([["b", "a"]])"), 8); });
}

TEST(GgufUnigram, OfATokenizerJsonIsAPieceModel) {
  description::Tokenizer tokenizer;
  tokenizer.source_file = "tokenizer.json";
  tokenizer.tokenizer_json = Json::parse(R"({
    "added_tokens": [{"id": 0, "content": "<pad>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}, {"id": 1, "content": "</s>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false},
                     {"id": 2, "content": "<unk>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}],
    "normalizer": null,
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
                      {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}]},
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
      "pair": [], "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
    "decoder": null,
    "model": {"type": "Unigram", "unk_id": 2,
              "vocab": [["<pad>", 0], ["</s>", 0], ["<unk>", 0], ["▁", -4], ["a", -3], ["b", -3.5], ["▁ab", -2]]}})",
                                         "");
  const Metadata metadata = write(tokenizer, 7);
  EXPECT_EQ(*metadata.find(kTokenizerModelKey), Value(std::string("t5")));
  EXPECT_EQ(*metadata.find(kExtraSpacesKey), Value(true));
  EXPECT_EQ(*metadata.find(kAddBosKey), Value(false));
  EXPECT_EQ(*metadata.find(kAddEosKey), Value(true));
  const auto direct = text::Tokenizer::make(tokenizer), through = text::Tokenizer::make(read(metadata));
  for (const char* text : {"ab", "  ab  b a", "abc", "", "</s>ab"}) {
    EXPECT_EQ(through->encode(text, true), direct->encode(text, true)) << text;
  }
  tokenizer.tokenizer_json.set("normalizer", Json::parse(R"({"type": "Lowercase"})", ""));
  expect_error(ErrorCode::kUsage, "rules for a Unigram model that are not SentencePiece's",
               [&] { write(tokenizer, 7); });
}

TEST(GgufPieceTokens, MalformedOnesAreRefused) {
  const auto refused = [](std::string_view key, const Value& value, std::string_view message) {
    Metadata metadata = write(merges(kVocab, R"([["a", "b"], ["▁", "ab"], ["▁a", "b"], ["▁", "a"]])"), 8);
    metadata.set(std::string(key), value);
    expect_error(ErrorCode::kInput, message, [&] { read(metadata); });
  };
  using Texts = std::vector<std::string>;
  using Numbers = std::vector<std::int32_t>;
  refused(kScoresKey, Array{std::vector<float>{1, 2}}, "found 2 scores, expected 8");
  refused(kScoresKey, Array{std::vector<float>{0, 0, 0, 0, 0, 0, 0, NAN}}, "found nan at index 7");
  refused(kScoresKey, std::string("x"), "found no array of f32");
  refused(kTokenTypesKey, Array{Numbers{2, 2, 1, 1, 1, 1, 1, 1}}, "found unknown tokens 0 and 1, expected one");
  refused(kTokensKey, Array{Texts{"<unk>", "a", "b", "c", "d", "e", "f", ""}}, "at index 7, expected a text");
  refused("tokenizer.ggml.add_space_prefix", 1U, "expected bool");
}

TEST(GgufWordPiece, MarksBeginningsInsteadOfContinuations) {
  description::Tokenizer tokenizer;
  tokenizer.source_file = "tokenizer.json";
  tokenizer.tokenizer_json = Json::parse(R"({
    "added_tokens": [{"id": 0, "content": "[UNK]", "special": true}, {"id": 1, "content": "[CLS]", "special": true},
                     {"id": 2, "content": "[SEP]", "special": true}],
    "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
                   "lowercase": true},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
    "decoder": null,
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 100,
              "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "walk": 3, "##ing": 4, ",": 5}}})",
                                         "");
  const Metadata metadata = write(tokenizer, 7);
  EXPECT_EQ(*metadata.find(kTokenizerModelKey), Value(std::string("bert")));
  EXPECT_THAT(std::get<std::vector<std::string>>(std::get<Array>(*metadata.find(kTokensKey)).items),
              testing::ElementsAre("[UNK]", "[CLS]", "[SEP]", "▁walk", "ing", "▁,", "[PAD6]"));
  EXPECT_EQ(*metadata.find("tokenizer.ggml.seperator_token_id"), Value(std::uint32_t{2}));
  const auto again = text::Tokenizer::make(read(metadata));
  EXPECT_THAT(again->encode("Walking, x", true), testing::ElementsAre(1, 3, 4, 5, 0, 2));
  tokenizer.tokenizer_json.as_object().find("normalizer")->set("lowercase", false);
  expect_error(ErrorCode::kUsage, "keeps capitals or accents", [&] { write(tokenizer, 7); });
}

}  // namespace
}  // namespace kerf::formats::gguf
