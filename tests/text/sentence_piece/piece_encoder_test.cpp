#include "text/sentence_piece/piece_encoder.h"

#include <gtest/gtest.h>

#include "tests/text/sentence_piece/helpers.h"

namespace kerf::text {
namespace {

using Ids = std::vector<std::int64_t>;
using Kind = test::Model::Kind;

/// `text` is cut as what it is normalized to, by the way of the model's kind.
Ids encoded(Kind kind, std::string_view text) {
  const test::Model model =
      test::piece_model({{"\u2581", -5}, {"a", -2}, {"b", -2}, {"ab", -3}, {"\u2581a", -4}, {"\u2581ab", -9}}, kind);
  EncodedIds out;
  PieceEncoder(std::make_shared<const test::Model>(model), "x.model").encode(text, out);
  return out.ids;
}

TEST(PieceEncoder, EachKindInItsWay) {
  EXPECT_EQ(encoded(Kind::kUnigram, " ab "), (Ids{5, 3}));
  EXPECT_EQ(encoded(Kind::kBpe, " ab "), (Ids{6}));
  EXPECT_EQ(encoded(Kind::kWord, "ab  a c"), (Ids{6, 5, 0}));
  EXPECT_EQ(encoded(Kind::kCharacter, "ab"), (Ids{1, 2, 3}));
}

}  // namespace
}  // namespace kerf::text
