#include "description/tokenizer_json.h"

#include <gtest/gtest.h>

namespace kerf::description {
namespace {

TEST(TokenizerJson, PartsAreThoseOfATokenizerJson) {
  EXPECT_EQ(
      added_token("<s>", 3, {.lstrip = true, .special = true}).dump(),
      R"({"id": 3, "content": "<s>", "single_word": false, "lstrip": true, "rstrip": false, "normalized": false, "special": true})");
  EXPECT_EQ(byte_level(false, true, true).dump(),
            R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true})");
  EXPECT_EQ(typed("WordPiece", {{"prefix", "##"}}).dump(), R"({"type": "WordPiece", "prefix": "##"})");
}

TEST(TokenizerJson, TemplatesFrameTexts) {
  EXPECT_TRUE(template_processing({}, {}).is_null());
  const Json both = template_processing(FramingToken{"<s>", 1}, FramingToken{"</s>", 2});
  EXPECT_EQ(both.find("single")->dump(),
            R"([{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, )"
            R"({"SpecialToken": {"id": "</s>", "type_id": 0}}])");
  EXPECT_EQ(both.find("special_tokens")->find("</s>")->find("ids")->dump(), "[2]");
  EXPECT_EQ(template_processing({}, FramingToken{"</s>", 2}).find("single")->as_array().size(), 2U);
}

TEST(TokenizerJson, TheWholeHasEveryKey) {
  const Json json = tokenizer_json({.model = bpe_model(Json::object(), Json::array(), true)});
  for (const char* key : {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                          "post_processor", "decoder", "model"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_TRUE(json.find("model")->find("ignore_merges")->as_bool());
}

}  // namespace
}  // namespace kerf::description
