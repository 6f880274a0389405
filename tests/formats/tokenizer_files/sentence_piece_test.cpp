#include "description/sentence_piece.h"

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
  EXPECT_FALSE(today.sentence_piece->add_dummy_prefix);
  EXPECT_TRUE(legacy.sentence_piece->add_dummy_prefix);
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

TEST_F(SentencePieceFiles, WhatPeopleHaveInPlaceOfAModelIsNamed) {
  const auto refused = [&](const std::string& content, std::string_view what) {
    dir_.write("tokenizer.model", content);
    expect_error(ErrorCode::kInput, what, [&] { read(R"({"tokenizer_class":"LlamaTokenizer"})"); });
  };
  refused("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 499723\n",
          "tokenizer.model: is a Git LFS pointer, not the file it stands for; run 'git lfs pull'");
  refused("<!DOCTYPE html>\n<html>", "tokenizer.model: is an HTML page");
  refused("Access to model org/x is restricted.", "tokenizer.model: is the text 'Access to model");
  refused("", "tokenizer.model: is empty, expected a SentencePiece model");
}

}  // namespace
}  // namespace kerf::formats::tokenizer_files
