#include <gtest/gtest.h>

#include "formats/tokenizer_files/folder.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::tokenizer_files {
namespace {

using test::expect_error;

class ByteLevelBpeFiles : public ::testing::Test {
 protected:
  ByteLevelBpeFiles() {
    dir_.write("vocab.json", R"({"a":0,"b":1,"ab":2,"<s>":3,"</s>":4,"<mask>":5,"<|endoftext|>":6})");
    dir_.write("merges.txt", "#version: 0.2\na b\n");
  }
  Json read() {
    description::Tokenizer tokenizer;
    read_byte_level_bpe(Folder(dir_.path()), tokenizer);
    config_ = tokenizer.tokenizer_config;
    return tokenizer.tokenizer_json;
  }
  void refused(std::string_view what) {
    expect_error(ErrorCode::kInput, what, [&] { read(); });
  }

  test::TempDir dir_;
  Json config_;
};

TEST_F(ByteLevelBpeFiles, AreGpt2s) {
  dir_.write("tokenizer_config.json", R"({"tokenizer_class":"GPT2Tokenizer"})");
  const Json json = read();
  EXPECT_EQ(json.find("model")->find("merges")->dump(), R"([["a", "b"]])");
  EXPECT_EQ(json.find("pre_tokenizer")->dump(),
            R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true})");
  EXPECT_EQ(json.find("post_processor")->find("type")->as_string(), "ByteLevel");
  EXPECT_EQ(json.find("added_tokens")->as_array().size(), 1U);
  EXPECT_EQ(config_.find("bos_token")->as_string(), "<|endoftext|>");
  dir_.write("tokenizer_config.json",
             R"({"tokenizer_class":"GPT2Tokenizer","add_bos_token":true,"bos_token":"</s>","add_prefix_space":true})");
  const Json opt = read();
  EXPECT_EQ(opt.find("post_processor")->find("special_tokens")->find("</s>")->find("ids")->dump(), "[4]");
  EXPECT_TRUE(opt.find("pre_tokenizer")->find("add_prefix_space")->as_bool());
}

TEST_F(ByteLevelBpeFiles, AreRobertas) {
  dir_.write("config.json", R"({"model_type":"roberta"})");
  const Json json = read();
  EXPECT_EQ(json.find("post_processor")->find("single")->as_array().size(), 3U);
  bool mask_takes_spaces = false;
  for (const Json& token : json.find("added_tokens")->as_array()) {
    if (token.find("content")->as_string() == "<mask>") mask_takes_spaces = token.find("lstrip")->as_bool();
  }
  EXPECT_TRUE(mask_takes_spaces);
}

TEST_F(ByteLevelBpeFiles, AreQwens) {
  dir_.write("tokenizer_config.json", R"({"tokenizer_class":"Qwen2Tokenizer"})");
  const Json json = read();
  EXPECT_EQ(json.find("normalizer")->dump(), R"({"type": "NFC"})");
  EXPECT_EQ(json.find("pre_tokenizer")->find("pretokenizers")->as_array().size(), 2U);
}

TEST_F(ByteLevelBpeFiles, NeedSomeoneToSayWhose) {
  EXPECT_EQ(read().find("post_processor")->find("type")->as_string(), "TemplateProcessing");  // <s>, </s>, <mask>
  dir_.write("vocab.json", R"({"a":0,"b":1,"ab":2})");
  refused("no tokenizer_config.json or config.json that says what tokenizer");
  dir_.write("tokenizer_config.json", R"({"tokenizer_class":"MagicTokenizer"})");
  refused("for 'MagicTokenizer', whose rules kerf knows from a tokenizer.json only");
}

TEST_F(ByteLevelBpeFiles, RefuseBrokenFiles) {
  dir_.write("merges.txt", "#version: 0.2\na b\nab\n");
  refused("merges.txt: line 3: found 'ab', expected two tokens");
  dir_.write("merges.txt", "a b c\n");
  refused("line 1: found 'a b c'");
  dir_.write("merges.txt", "\xff b\n");
  refused("merges.txt: byte 0: is not valid UTF-8");
  dir_.write("vocab.json", "[]");
  refused("vocab.json: expected an object");
  dir_.write("vocab.json", R"({"<s>":1e99,"</s>":1,"<mask>":2})");
  refused("vocab.json: ");
}

}  // namespace
}  // namespace kerf::formats::tokenizer_files
