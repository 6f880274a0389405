#include <gtest/gtest.h>

#include "tests/text/sentence_piece/helpers.h"

namespace kerf::text {
namespace {

using test::Texts;
using test::Type;

Texts cut(std::vector<test::Model::Piece> pieces, std::string text) {
  return test::cut(make_unigram_cutter, test::piece_model(std::move(pieces)), std::move(text));
}

TEST(UnigramCutter, TheBestSumOfScores) {
  EXPECT_EQ(cut({{"a", -1}, {"b", -1}, {"ab", -3}, {"abc", -9}, {"c", -1}}, "abc"), (Texts{"a", "b", "c"}));
  EXPECT_EQ(cut({{"a", -1}, {"b", -1}, {"ab", -1.5}, {"c", -1}}, "abc"), (Texts{"ab", "c"}));
  // Equally good: the longer token goes behind.
  EXPECT_EQ(cut({{"a", -1}, {"b", -1}, {"ab", -1}, {"bc", -1}, {"c", -1}}, "abc"), (Texts{"a", "bc"}));
  EXPECT_EQ(cut({{"a", -1}}, ""), Texts{});
}

TEST(UnigramCutter, UnknownCharacters) {
  EXPECT_EQ(cut({{"a", -1}}, "axya"), (Texts{"a", "<unk>", "a"}));
  // 10 worse than the worst normal piece, so that any of these is better.
  EXPECT_EQ(cut({{"ab", -1}, {"xa", -4}, {"b", -5}}, "xab"), (Texts{"xa", "b"}));
  EXPECT_EQ(cut({{"ab", -1}, {"xa", -10}, {"b", -7}}, "xab"), (Texts{"xa", "b"}));
}

TEST(UnigramCutter, UserDefinedAndUnusedPieces) {
  EXPECT_EQ(cut({{"ab", -0.05F}, {"abc", -1}, {"bc", -5, Type::kUserDefined}, {"a", -1}}, "abc"), (Texts{"abc"}));
  EXPECT_EQ(cut({{"abc", -2}, {"bc", -5, Type::kUserDefined}, {"a", -1}}, "abc"), (Texts{"a", "bc"}));
  EXPECT_EQ(cut({{"a", -1}, {"b", -1}, {"ab", 5, Type::kUnused}}, "ab"), (Texts{"a", "b"}));
  EXPECT_EQ(cut({{"a", -1}, {"<s>", 5, Type::kControl}}, "<s>a"), (Texts{"<unk>", "a"}));
}

TEST(UnigramCutter, ALineWithoutSpacesTakesNoTime) {
  EXPECT_EQ(cut({{"a", -1}, {"aaa", -2}}, std::string(300000, 'a')).size(), 100000U);
}

}  // namespace
}  // namespace kerf::text
