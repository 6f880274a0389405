// Ids against tests/golden/make_sentencepiece.py: the SentencePiece library's own program, and what classes of
// transformers do around it, written out in Python. (tests/oracle compares with the library itself.)
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
  for (const std::string name : {"llama", "llama-not-legacy", "gemma"}) {
    const auto tokenizer = Tokenizer::make(formats::read_tokenizer(kGolden + name));
    for (const std::string text : {"Fellow citizens, 1234", "  two  spaces", "\u4f60\u597d \U0001f468"}) {
      EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, false), false), text) << name;
    }
    EXPECT_TRUE(tokenizer->adds_bos()) << name;
  }
}

TEST(SentencePiece, CountsUnknownCharacters) {
  for (const std::string name : {"t5", "t5-not-legacy"}) {
    const auto tokenizer = Tokenizer::make(formats::read_tokenizer(kGolden + name));
    EXPECT_EQ(tokenizer->encode_counted("the", false).unknown, 0) << name;
    EXPECT_EQ(tokenizer->encode_counted(" \u4f60 \u597d\u597d", false).unknown, 3) << name;
  }
}

TEST(SentencePiece, ATableOfCharactersThatIsNotSoundIsAnError) {
  description::SentencePieceModel model;
  model.pieces = {{"<unk>", 0, description::SentencePieceModel::Type::kUnknown}};
  model.charsmap = "abc";
  const Json json = Json::parse(R"({"vocab":{"<unk>":0}})", "x.model");
  test::expect_error(ErrorCode::kInput, "x.model: normalizer_spec.precompiled_charsmap: found a character map", [&] {
    make_sentence_piece_model(std::make_shared<const description::SentencePieceModel>(model),
                              JsonCursor(json, "x.model"));
  });
}

}  // namespace
}  // namespace kerf::text
