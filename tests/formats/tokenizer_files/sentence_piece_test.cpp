#include <filesystem>

#include <gtest/gtest.h>

#include "core/strings.h"
#include "formats/tokenizer_files/folder.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::tokenizer_files {
namespace {

using test::expect_error;

class SentencePieceFiles : public ::testing::Test {
 protected:
  SentencePieceFiles() {
    std::filesystem::copy_file(test::source_dir() + "/tests/golden/sentencepiece/llama/tokenizer.model",
                               dir_ / "tokenizer.model");
  }
  description::Tokenizer read(const std::string& config) {
    dir_.write("tokenizer_config.json", config);
    description::Tokenizer tokenizer;
    read_sentence_piece(Folder(dir_.path()), dir_ / "tokenizer.model", tokenizer);
    return tokenizer;
  }

  test::TempDir dir_;
};

TEST_F(SentencePieceFiles, ConfigurationsSayWhatStandsAroundTexts) {
  const auto framing = [&](const std::string& config) {
    const Json json = read(config).tokenizer_json;
    return json.find("post_processor")->is_null() ? 0 : json.find("post_processor")->find("single")->as_array().size();
  };
  EXPECT_EQ(framing(R"({"tokenizer_class":"LlamaTokenizer"})"), 2U);
  EXPECT_EQ(framing(R"({"tokenizer_class":"LlamaTokenizer","add_eos_token":true})"), 3U);
  EXPECT_EQ(framing(R"({"tokenizer_class":"LlamaTokenizer","add_bos_token":false})"), 0U);
}

TEST_F(SentencePieceFiles, ModelsThatAreNotLegacyAddNoSpaceThemselves) {
  const auto legacy = read(R"({"tokenizer_class":"LlamaTokenizer"})");
  EXPECT_TRUE(legacy.tokenizer_json.find("model")->find("prefix")->is_null());
  const auto today = read(R"({"tokenizer_class":"LlamaTokenizer","legacy":false})");
  EXPECT_EQ(today.tokenizer_json.find("model")->find("prefix")->as_string(), "\u2581");
  EXPECT_EQ(today.sentence_piece.size(), legacy.sentence_piece.size() + 4);
  const auto bare = read(R"({"tokenizer_class":"LlamaTokenizer","legacy":false,"add_prefix_space":false})");
  EXPECT_TRUE(bare.tokenizer_json.find("model")->find("prefix")->is_null());
}

TEST_F(SentencePieceFiles, SomeoneMustSayWhose) {
  EXPECT_EQ(read("{}").notes.size(), 1U);  // byte-pair encoding is taken for Llama's
  expect_error(ErrorCode::kInput, "has a SentencePiece model for 'MagicTokenizer'; kerf knows LlamaTokenizer",
               [&] { read(R"({"tokenizer_class":"MagicTokenizer"})"); });
  expect_error(ErrorCode::kInput, "names no sep_token that the vocabulary has, which a AlbertTokenizer needs",
               [&] { read(R"({"tokenizer_class":"AlbertTokenizer"})"); });
}

}  // namespace
}  // namespace kerf::formats::tokenizer_files
