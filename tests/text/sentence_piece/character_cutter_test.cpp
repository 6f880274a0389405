#include <gtest/gtest.h>

#include "tests/text/sentence_piece/helpers.h"

namespace kerf::text {
namespace {

using test::Texts;

TEST(CharacterCutter, CharactersAndUserDefinedPieces) {
  const test::Model model = test::piece_model(
      {{"a", -1}, {"\u4f60", -1}, {"ab", -1}, {"<x>", 0, test::Type::kUserDefined}, {"b", 0, test::Type::kUnused}});
  const auto cut = [&](std::string text) { return test::cut(make_character_cutter, model, std::move(text)); };
  EXPECT_EQ(cut("ab\u4f60a"), (Texts{"a", "b", "\u4f60", "a"}));
  EXPECT_EQ(cut("a<x>yza"), (Texts{"a", "<x>", "<unk>", "a"}));
  EXPECT_EQ(cut(""), Texts{});
}

}  // namespace
}  // namespace kerf::text
