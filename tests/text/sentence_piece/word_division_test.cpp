#include "text/sentence_piece/word_division.h"

#include <gtest/gtest.h>

#include "tests/text/sentence_piece/helpers.h"

namespace kerf::text {
namespace {

using test::Texts;
using test::Type;

Texts divided(std::vector<test::Model::Piece> pieces, std::string_view text) {
  const PieceTable table = test::piece_table(test::piece_model(std::move(pieces)));
  Texts words;
  for (const Span span : WordDivision(table).divide(text)) {
    words.emplace_back(text.substr(span.begin, span.end - span.begin));
  }
  return words;
}

TEST(WordDivision, WhereNoPieceGoesOn) {
  const std::string_view text = "\u2581a\u2581\u2581bc";
  EXPECT_EQ(divided({{"\u2581a"}, {"\u2581\u2581"}}, text), (Texts{"\u2581a", "\u2581\u2581bc"}));
  EXPECT_EQ(divided({{"a\u2581"}}, text), (Texts{"\u2581", "a\u2581\u2581", "bc"}));
  EXPECT_EQ(divided({{"a\u2581b"}}, text), (Texts{std::string(text)}));
  EXPECT_EQ(divided({{"ab"}}, text), (Texts{"\u2581", "a", "\u2581\u2581", "bc"}));
  EXPECT_EQ(divided({{"\u2581a\u2581b", 0, Type::kControl}, {"\u2581a"}}, text), (Texts{"\u2581a", "\u2581\u2581bc"}));
  EXPECT_EQ(divided({{"ab"}}, ""), Texts{});
}

TEST(WordDivision, AroundUserDefinedPieces) {
  const std::vector<test::Model::Piece> pieces = {{"\u2581a"}, {"c\u2581d", 0, Type::kUserDefined}};
  EXPECT_EQ(divided(pieces, "\u2581ac\u2581da"), (Texts{"\u2581a", "c\u2581d", "a"}));
  EXPECT_EQ(divided(pieces, "c\u2581dc\u2581d\u2581"), (Texts{"c\u2581d", "c\u2581d", "\u2581"}));
}

}  // namespace
}  // namespace kerf::text
