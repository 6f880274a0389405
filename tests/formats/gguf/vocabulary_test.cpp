#include "formats/gguf/vocabulary.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::formats::gguf {
namespace {

TEST(GgufVocabulary, IdsWithoutATokenArePadding) {
  Vocabulary vocabulary(3, "tokenizer.json");
  vocabulary.add("a", 1, TokenType::kNormal, -2);
  vocabulary.add("a", 1, TokenType::kControl);
  EXPECT_EQ(vocabulary.pad(), 2);
  EXPECT_EQ(vocabulary.tokens(), (std::vector<std::string>{"[PAD0]", "a", "[PAD2]"}));
  EXPECT_EQ(vocabulary.types(), (std::vector<std::int32_t>{5, 3, 5}));
  EXPECT_EQ(vocabulary.scores()[1], -2.0F);
  EXPECT_EQ(vocabulary.id("a"), 1);
  EXPECT_EQ(vocabulary.id("b"), std::nullopt);
}

TEST(GgufVocabulary, ATokenHasOneId) {
  Vocabulary vocabulary(2, "tokenizer.json");
  vocabulary.add("a", 0, TokenType::kNormal);
  const auto refused = [&](std::string_view token, std::int64_t id, std::string_view message) {
    test::expect_error(ErrorCode::kInput, message, [&] { vocabulary.add(token, id, TokenType::kNormal); });
  };
  refused("b", 2, "found id 2, but the model's embeddings have only 2 rows");
  refused("b", -1, "found id -1");
  refused("a", 1, "expected one id a token");
  refused("b", 0, "expected one id a token");
}

}  // namespace
}  // namespace kerf::formats::gguf
