#include "text/sentence_piece/piece_table.h"

#include <gtest/gtest.h>

#include "tests/text/sentence_piece/helpers.h"

namespace kerf::text {
namespace {

using test::Type;

TEST(PieceTable, FindsPiecesByTheirTexts) {
  const PieceTable table = test::piece_table(test::piece_model({{"a", -1},
                                                                {"<s>", 0, Type::kControl},
                                                                {"b", -1, Type::kUnused},
                                                                {"the", 0, Type::kUserDefined},
                                                                {"then", 0, Type::kUserDefined}}));
  EXPECT_EQ(table.count(), 6);
  EXPECT_EQ(table.id_of("a"), 1);
  EXPECT_EQ(table.id_of("<s>"), 2);
  EXPECT_EQ(table.id_of("c"), table.unknown_id());
  EXPECT_EQ(table.text_id("a"), 1);
  EXPECT_EQ(table.text_id("b"), 3);
  EXPECT_EQ(table.text_id("the"), 4);
  EXPECT_EQ(table.text_id("<s>"), -1);
  EXPECT_EQ(table.text_id("<unk>"), -1);
  EXPECT_EQ(table.text_id("c"), -1);
  EXPECT_FALSE(table.bytes());
}

TEST(PieceTable, SymbolsAreUserDefinedPiecesOrCharacters) {
  const PieceTable table = test::piece_table(
      test::piece_model({{"the", 0, Type::kUserDefined}, {"then", 0, Type::kUserDefined}, {"ab", 0}}));
  EXPECT_EQ(table.user_defined_prefix("thence"), 4U);
  EXPECT_EQ(table.user_defined_prefix("these"), 3U);
  EXPECT_EQ(table.user_defined_prefix("ab"), 0U);
  EXPECT_EQ(table.symbol_bytes("thence"), 4U);
  EXPECT_EQ(table.symbol_bytes("ab"), 1U);
  EXPECT_EQ(table.symbol_bytes("\u4f60a"), 3U);
}

}  // namespace
}  // namespace kerf::text
