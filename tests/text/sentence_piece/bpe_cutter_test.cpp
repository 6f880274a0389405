#include <gtest/gtest.h>

#include "tests/text/sentence_piece/helpers.h"

namespace kerf::text {
namespace {

using test::Texts;
using test::Type;

Texts cut(std::vector<test::Model::Piece> pieces, std::string text) {
  return test::cut(make_bpe_cutter, test::piece_model(std::move(pieces)), std::move(text));
}

TEST(BpeCutter, TheBestScoreFirstAndTheLeftmostOfSeveral) {
  EXPECT_EQ(cut({{"a", -9}, {"b", -9}, {"c", -9}, {"ab", -2}, {"bc", -1}}, "abc"), (Texts{"a", "bc"}));
  EXPECT_EQ(cut({{"a", -9}, {"aa", -1}, {"aaa", -1}}, "aaaaa"), (Texts{"aaa", "aa"}));
  EXPECT_EQ(cut({{"a", -9}, {"aa", -2}, {"aaa", -1}}, "aaaaa"), (Texts{"aaa", "aa"}));
  EXPECT_EQ(cut({{"a", -9}}, ""), Texts{});
}

TEST(BpeCutter, WhatHasNoPieceMayBeAPartOfOne) {
  EXPECT_EQ(cut({{"ab", -1}, {"abc", -2}}, "abcab"), (Texts{"abc", "ab"}));
  EXPECT_EQ(cut({{"ab", -1}}, "xyab"), (Texts{"<unk>", "ab"}));
  EXPECT_EQ(cut({{"#", 0, Type::kControl}, {"a#", -1}}, "a##"), (Texts{"a#", "#"}));
}

TEST(BpeCutter, UserDefinedPiecesAreNotMerged) {
  EXPECT_EQ(cut({{"a", -9}, {"b", 0, Type::kUserDefined}, {"ab", -1}, {"c", -9}, {"ca", -2}}, "cab"),
            (Texts{"ca", "b"}));
  EXPECT_EQ(cut({{"a b", 0, Type::kUserDefined}, {"a", -1}, {"b", -1}}, "aa b"), (Texts{"a", "a b"}));
}

TEST(BpeCutter, UnusedPiecesAreTakenApartAgain) {
  const std::vector<test::Model::Piece> pieces = {{"a", -9},   {"b", -9}, {"c", -9}, {"ab", -1, Type::kUnused},
                                                  {"abc", -2}, {"bb", -3}};
  EXPECT_EQ(cut(pieces, "abc"), (Texts{"abc"}));
  EXPECT_EQ(cut(pieces, "ab"), (Texts{"a", "b"}));
  EXPECT_EQ(cut(pieces, "abb"), (Texts{"a", "b", "b"}));
}

TEST(BpeCutter, ALineWithoutSpacesTakesNoTime) {
  EXPECT_EQ(cut({{"a", -9}, {"aa", -1}, {"aaaa", -2}}, std::string(300000, 'a')).size(), 75000U);
  EXPECT_EQ(cut({{"\u2581", -9}, {"a", -9}, {"a\u2581a", -1}}, std::string(300000, 'a')).size(), 300000U);
}

}  // namespace
}  // namespace kerf::text
