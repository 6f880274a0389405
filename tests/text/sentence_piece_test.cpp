// Ids against tests/golden/make_sentencepiece.py: the library's own program, and what classes of transformers do around
// it, written out in Python.
#include "text/sentence_piece.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "formats/huggingface.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "text/tokenizer.h"

namespace kerf::text {
namespace {

const std::string kGolden = test::source_dir() + "/tests/golden/sentencepiece/";

std::vector<std::int64_t> ids_of(const Json& json) {
  std::vector<std::int64_t> ids;
  for (const Json& id : json.as_array()) ids.push_back(id.as_int64());
  return ids;
}

TEST(SentencePiece, IdsAreThoseOfTransformers) {
  int texts = 0;
  for (const std::string& name : list_directory(kGolden)) {
    const description::Tokenizer description = formats::read_tokenizer(kGolden + name);
    ASSERT_FALSE(description.refusal) << name << ": " << description.refusal->what();
    const auto tokenizer = Tokenizer::make(description);
    for (const std::string& line : split(read_file(kGolden + name + "/expected.jsonl", 1 << 20), '\n')) {
      if (line.empty()) continue;
      const Json expected = Json::parse(line, name);
      const std::string text = expected.find("text")->as_string();
      EXPECT_EQ(tokenizer->encode(text, true), ids_of(*expected.find("ids"))) << name << ": '" << text << "'";
      EXPECT_EQ(tokenizer->encode(text, false), ids_of(*expected.find("plain"))) << name << ": '" << text << "'";
      ++texts;
    }
  }
  EXPECT_GT(texts, 200);
}

TEST(SentencePiece, DecodesToTheText) {
  for (const std::string& name : {"llama", "llama-not-legacy", "gemma"}) {
    const auto tokenizer = Tokenizer::make(formats::read_tokenizer(kGolden + name));
    for (const std::string text : {"Fellow citizens, 1234", "  two  spaces", "\u4f60\u597d \U0001f468"}) {
      EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, false), false), text) << name;
    }
    EXPECT_TRUE(tokenizer->adds_bos()) << name;
  }
}

TEST(SentencePiece, CountsUnknownCharacters) {
  const auto tokenizer = Tokenizer::make(formats::read_tokenizer(kGolden + "t5"));
  EXPECT_EQ(tokenizer->encode_counted("the", false).unknown, 0);
  EXPECT_EQ(tokenizer->encode_counted("\u4f60 \u597d", false).unknown, 2);
}

TEST(SentencePiece, WhatTheLibraryRefusesIsAnError) {
  const Json json = Json::parse(R"({"vocab":{"a":0},"unk_token":"a"})", "x.model");
  test::expect_error(ErrorCode::kInput, "x.model: the SentencePiece library refuses it",
                     [&] { make_sentence_piece_model("no model", JsonCursor(json, "x.model")); });
}

}  // namespace
}  // namespace kerf::text
