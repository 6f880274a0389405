#include <gtest/gtest.h>

#include "formats/tokenizer_files/folder.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::tokenizer_files {
namespace {

TEST(WordPieceFiles, AreBerts) {
  const test::TempDir dir;
  dir.write("vocab.txt", "[PAD]\r\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n##s\n");
  dir.write("tokenizer_config.json", R"({"do_lower_case":false,"strip_accents":true,"tokenize_chinese_chars":false})");
  description::Tokenizer tokenizer;
  read_word_piece(Folder(dir.path()), tokenizer);
  const Json& json = tokenizer.tokenizer_json;
  EXPECT_EQ(
      json.find("normalizer")->dump(),
      R"({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": false, "strip_accents": true, "lowercase": false})");
  EXPECT_EQ(json.find("pre_tokenizer")->dump(), R"({"type": "BertPreTokenizer"})");
  EXPECT_EQ(json.find("model")->find("vocab")->find("##s")->as_int64(), 6);
  EXPECT_EQ(json.find("model")->find("unk_token")->as_string(), "[UNK]");
  EXPECT_EQ(json.find("post_processor")->find("special_tokens")->find("[CLS]")->find("ids")->dump(), "[2]");
  EXPECT_EQ(json.find("added_tokens")->as_array().size(), 5U);
  EXPECT_EQ(tokenizer.tokenizer_config.find("cls_token")->as_string(), "[CLS]");
}

TEST(WordPieceFiles, LowerCaseUnlessToldOtherwise) {
  const test::TempDir dir;
  dir.write("vocab.txt", "[UNK]\na\na\n");
  description::Tokenizer tokenizer;
  read_word_piece(Folder(dir.path()), tokenizer);
  const Json* normalizer = tokenizer.tokenizer_json.find("normalizer");
  EXPECT_TRUE(normalizer->find("lowercase")->as_bool());
  EXPECT_TRUE(normalizer->find("strip_accents")->is_null());
  EXPECT_EQ(tokenizer.tokenizer_json.find("model")->find("vocab")->find("a")->as_int64(), 2);  // its last place
  EXPECT_TRUE(tokenizer.tokenizer_json.find("post_processor")->is_null());
}

}  // namespace
}  // namespace kerf::formats::tokenizer_files
