#include "text/sentence_piece/piece_sink.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/text/sentence_piece/helpers.h"

namespace kerf::text {
namespace {

using Ids = std::vector<std::int64_t>;

TEST(PieceSink, ARunOfWhatHasNoPieceIsOneUnknownPiece) {
  const PieceTable table = test::piece_table(test::piece_model({{"a", -1}}));
  EncodedIds out{{0}, 0};  // of another text
  PieceSink sink(table, out);
  sink.append(0, "\u4f60");
  sink.append(0, "xy");
  sink.append(1, "a");
  sink.append(0, "z");
  EXPECT_EQ(out.ids, (Ids{0, 0, 1, 0}));
  EXPECT_EQ(out.unknown, 4);
}

TEST(PieceSink, OrThePiecesOfItsBytes) {
  std::vector<test::Model::Piece> pieces;
  for (int byte = 0; byte < 256; ++byte) pieces.push_back({fmt::format("<0x{:02X}>", byte), 0, test::Type::kByte});
  test::Model model = test::piece_model(pieces);
  model.byte_fallback = true;
  const PieceTable table = test::piece_table(model);
  EncodedIds out;
  PieceSink(table, out).append(0, "\u00e9");
  EXPECT_EQ(out.ids, (Ids{1 + 0xc3, 1 + 0xa9}));
  EXPECT_EQ(out.unknown, 0);
}

}  // namespace
}  // namespace kerf::text
