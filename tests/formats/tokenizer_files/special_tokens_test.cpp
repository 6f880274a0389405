#include "formats/tokenizer_files/special_tokens.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::tokenizer_files {
namespace {

using test::expect_error;

class SpecialTokensOf : public ::testing::Test {
 protected:
  /// A vocabulary of <s> (0) and <mask> (1), of ten tokens.
  SpecialTokens make(const std::vector<DefaultToken>& defaults = {}) {
    const auto id_of = [](std::string_view token) -> std::optional<std::int64_t> {
      return token == "<s>"      ? std::optional<std::int64_t>(0)
             : token == "<mask>" ? std::optional<std::int64_t>(1)
                                 : std::nullopt;
    };
    return {Folder(dir_.path()), defaults, id_of, 10};
  }
  static std::string short_list(const SpecialTokens& tokens) {
    std::string text;
    const Json added = tokens.added_tokens();
    for (const Json& token : added.as_array()) {
      text += token.find("content")->as_string() + "=" + token.find("id")->dump();
      for (const char* flag : {"special", "lstrip", "normalized"}) {
        if (token.find(flag)->as_bool()) text += std::string(" ") + flag;
      }
      text += "; ";
    }
    return text;
  }

  test::TempDir dir_;
};

TEST(MappedRoles, FillWhatTheConfigurationLeavesOut) {
  const auto mapped = [](std::string_view config, std::string_view map) {
    const Json json = Json::parse(map, "special_tokens_map.json");
    return with_mapped_roles(Json::parse(config, "tokenizer_config.json"), {json, "special_tokens_map.json"}).dump();
  };
  const std::string map = R"({"bos_token":"<s>","mask_token":{"content":"<mask>","lstrip":true},"other":7})";
  EXPECT_EQ(mapped("null", map), R"({"bos_token": "<s>", "mask_token": "<mask>"})");
  EXPECT_EQ(mapped(R"({"bos_token":"<b>"})", map), R"({"bos_token": "<b>", "mask_token": "<mask>"})");
  EXPECT_EQ(mapped(R"({"mask_token":null,"bos_token":null})", map), R"({"mask_token": null, "bos_token": null})");
  EXPECT_EQ(mapped("null", "{}"), "null");
  expect_error(ErrorCode::kInput, "special_tokens_map.json: mask_token: found an integer, expected a string",
               [&] { mapped("{}", R"({"mask_token":7})"); });
}

TEST_F(SpecialTokensOf, TheDecoderSaysAll) {
  dir_.write("tokenizer_config.json", R"({"bos_token":"<s>","added_tokens_decoder":{
    "0":{"content":"<s>","special":true,"normalized":false},"12":{"content":"<b>","special":false,"normalized":true,"lstrip":true}}})");
  dir_.write("added_tokens.json", R"({"<other>": 11})");
  EXPECT_EQ(short_list(make()), "<s>=0 special; <b>=12 lstrip normalized; ");
}

TEST_F(SpecialTokensOf, OlderFilesAddUp) {
  dir_.write("added_tokens.json", R"({"<b>": 11, "<c>": 10})");
  dir_.write("special_tokens_map.json", R"({"bos_token":"<s>","mask_token":{"content":"<mask>","lstrip":true},
    "additional_special_tokens":["<b>","<new>"]})");
  const SpecialTokens tokens = make();
  EXPECT_EQ(short_list(tokens),
            "<s>=0 special; <mask>=1 special lstrip; <c>=10 normalized; <b>=11 special; <new>=12 special; ");
  EXPECT_EQ(tokens.find("bos_token")->id, 0);
  EXPECT_FALSE(tokens.find("eos_token"));
  EXPECT_EQ(tokens.completed(Json()).dump(), R"({"bos_token": "<s>", "mask_token": "<mask>"})");
}

TEST_F(SpecialTokensOf, DefaultsOfAClassNeedThatTheVocabularyHasThem) {
  const std::vector<DefaultToken> defaults = {
      {"bos_token", "<s>"}, {"mask_token", "<mask>", true}, {"eos_token", "</s>"}};
  EXPECT_EQ(short_list(make(defaults)), "<s>=0 special; <mask>=1 special lstrip; ");
  dir_.write("tokenizer_config.json", R"({"bos_token":null,"eos_token":"<e>"})");
  EXPECT_EQ(short_list(make(defaults)), "<mask>=1 special lstrip; <e>=10 special; ");
}

TEST_F(SpecialTokensOf, RefusesTwoMeanings) {
  dir_.write("tokenizer_config.json", R"({"added_tokens_decoder":{"x":{"content":"a"}}})");
  expect_error(ErrorCode::kInput, "added_tokens_decoder: found the key 'x', expected an id", [&] { make(); });
  dir_.write("tokenizer_config.json", R"({"added_tokens_decoder":{"1":{"content":"a"},"2":{"content":"a"}}})");
  expect_error(ErrorCode::kInput, "gives the token 'a' a second id", [&] { make(); });
  dir_.write("tokenizer_config.json", "{}");
  dir_.write("added_tokens.json", R"({"a":1,"b":1})");
  expect_error(ErrorCode::kInput, "gives the id 1 a second token", [&] { make(); });
  dir_.write("added_tokens.json", R"({"a":-1})");
  expect_error(ErrorCode::kInput, "added_tokens.json: a: found -1", [&] { make(); });
}

}  // namespace
}  // namespace kerf::formats::tokenizer_files
