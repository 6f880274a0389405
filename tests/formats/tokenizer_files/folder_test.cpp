#include "formats/tokenizer_files/folder.h"

#include <gtest/gtest.h>

#include "formats/huggingface.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::tokenizer_files {
namespace {

using Lines = std::vector<std::string_view>;

TEST(TokenizerFolder, LinesEndInEitherWay) {
  EXPECT_EQ(lines_of("a\nb\r\n\nc"), (Lines{"a", "b", "", "c"}));
  EXPECT_EQ(lines_of("a\n"), (Lines{"a"}));
  EXPECT_TRUE(lines_of("").empty());
}

TEST(TokenizerFolder, TheClassIsNamedOrFollowsFromTheFamily) {
  const test::TempDir dir;
  EXPECT_EQ(Folder(dir.path()).tokenizer_class(), "");
  dir.write("config.json", R"({"model_type":"roberta"})");
  EXPECT_EQ(Folder(dir.path()).tokenizer_class(), "RobertaTokenizer");
  dir.write("tokenizer_config.json", R"({"tokenizer_class":"GPT2TokenizerFast"})");
  EXPECT_EQ(Folder(dir.path()).tokenizer_class(), "GPT2Tokenizer");
}

description::Tokenizer read(const test::TempDir& dir) { return read_tokenizer(dir.path()); }

TEST(TokenizerFolder, ATokenizerJsonComesFirst) {
  const test::TempDir dir;
  dir.write("tokenizer.json", R"({"model":{"type":"BPE"}})");
  dir.write("vocab.txt", "[UNK]\n");
  EXPECT_EQ(read(dir).source_file, dir / "tokenizer.json");
}

TEST(TokenizerFolder, WhatIsWrongIsKeptForWhoNeedsATokenizer) {
  const test::TempDir dir;
  dir.write("vocab.txt", "[UNK]\n");
  dir.write("tokenizer_config.json", R"({"tokenizer_class":"MagicTokenizer"})");
  const description::Tokenizer tokenizer = read(dir);
  EXPECT_TRUE(tokenizer.tokenizer_json.is_null());
  ASSERT_TRUE(tokenizer.refusal);
  EXPECT_NE(tokenizer.refusal->message().find("has a vocab.txt for 'MagicTokenizer'"), std::string::npos);
  dir.write("tokenizer_config.json", R"({"tokenizer_class":"BertTokenizer","do_basic_tokenize":false})");
  EXPECT_EQ(read(dir).refusal->place(), "do_basic_tokenize");
  dir.write("vocab.txt", "\xff\n");
  dir.write("tokenizer_config.json", "{}");
  EXPECT_EQ(read(dir).refusal->message(), "is not valid UTF-8");
}

TEST(TokenizerFolder, AnEmptyFolderHasNone) {
  const test::TempDir dir;
  const description::Tokenizer tokenizer = read(dir);
  EXPECT_TRUE(tokenizer.tokenizer_json.is_null());
  EXPECT_FALSE(tokenizer.refusal);
}

}  // namespace
}  // namespace kerf::formats::tokenizer_files
