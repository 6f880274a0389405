#include <gtest/gtest.h>

#include "tests/text/sentence_piece/helpers.h"

namespace kerf::text {
namespace {

using test::Texts;

TEST(WordCutter, WordsBeginWithASpace) {
  const test::Model model = test::piece_model(
      {{"\u2581a", -1}, {"\u2581bc", -1}, {"bc", -1}, {"\u2581", -1}, {"<s>", 0, test::Type::kControl}});
  const auto cut = [&](std::string text) { return test::cut(make_word_cutter, model, std::move(text)); };
  EXPECT_EQ(cut("\u2581a\u2581bc"), (Texts{"\u2581a", "\u2581bc"}));
  EXPECT_EQ(cut("bc\u2581\u2581a\u2581"), (Texts{"bc", "\u2581", "\u2581a", "\u2581"}));
  EXPECT_EQ(cut("\u2581x\u2581y\u2581a"), (Texts{"<unk>", "\u2581a"}));
  EXPECT_EQ(cut("<s>\u2581a"), (Texts{"<s>", "\u2581a"}));
  EXPECT_EQ(cut(""), Texts{});
}

}  // namespace
}  // namespace kerf::text
