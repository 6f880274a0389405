#include "text/sentence_piece/piece_normalizer.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/text/sentence_piece/helpers.h"

namespace kerf::text {
namespace {

using test::Model;
using test::Type;

std::string normalized(const Model& model, std::string_view text) {
  const PieceTable table = test::piece_table(model);
  return PieceNormalizer(table, "x.model").normalize(text);
}

TEST(PieceNormalizer, Spaces) {
  Model model = test::piece_model({});
  EXPECT_EQ(normalized(model, "  a  b "), "\u2581a\u2581b");
  EXPECT_EQ(normalized(model, "a\tb\u2581"), "\u2581a\tb");
  EXPECT_EQ(normalized(model, ""), "");
  EXPECT_EQ(normalized(model, "  "), "");
  model.treat_whitespace_as_suffix = true;
  EXPECT_EQ(normalized(model, " a  b "), "a\u2581b\u2581");
  model.add_dummy_prefix = false;
  EXPECT_EQ(normalized(model, " a"), "a");
  model.remove_extra_whitespaces = false;
  EXPECT_EQ(normalized(model, " a  b "), "\u2581a\u2581\u2581b\u2581");
  model.escape_whitespaces = false;
  EXPECT_EQ(normalized(model, " a  b "), " a  b ");
  model.add_dummy_prefix = true;
  model.treat_whitespace_as_suffix = false;
  EXPECT_EQ(normalized(model, "a"), " a");
}

TEST(PieceNormalizer, TheLongestStringIsReplaced) {
  Model model = test::piece_model({{"\ufb01", 0, Type::kUserDefined}, {"a  b", 0, Type::kUserDefined}});
  model.charsmap = read_file(test::source_dir() + "/tests/golden/tokenizers/nmt_nfkc.charsmap", 1 << 20);
  EXPECT_EQ(normalized(model, "e\u0301\uff21\u2460"), "\u2581\u00e9A1");
  EXPECT_EQ(normalized(model, "\u3000 a\u00a0\x01\u2003b"), "\u2581a\u2581b");
  EXPECT_EQ(normalized(model, "\x01"), "");
  // What users defined stays, but for its spaces.
  EXPECT_EQ(normalized(model, "\ufb01\ufb02"), "\u2581\ufb01fl");
  EXPECT_EQ(normalized(model, "a  b  a"), "\u2581a\u2581\u2581b\u2581a");
}

TEST(PieceNormalizer, RefusesTablesAndGrowthBeyondMeasure) {
  Model model = test::piece_model({});
  model.charsmap = std::string("\4\0\0\0\0\0\0", 7);
  test::expect_error(ErrorCode::kInput, "x.model: normalizer_spec.precompiled_charsmap: found a character map",
                     [&] { normalized(model, "a"); });
  // 'a' becomes 40 letters.
  constexpr std::uint32_t kUnits = 768;
  std::string map = std::string(4 + kUnits * 4, '\0') + std::string(40, 'x') + std::string(1, '\0');
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) map[at + i] = static_cast<char>(value >> (8 * i));
  };
  put(0, kUnits * 4);
  put(4, 256 << 10);
  put(4 + 4 * (256 ^ 'a'), (256 ^ 'a' ^ 512) << 10 | 0x100 | 'a');
  put(4 + 4 * 512, 0x80000000);
  model.charsmap = map;
  EXPECT_EQ(normalized(model, "a"), "\u2581" + std::string(40, 'x'));
  test::expect_error(ErrorCode::kInput, "expected at most 16 times as much",
                     [&] { normalized(model, std::string(1000, 'a')); });
}

}  // namespace
}  // namespace kerf::text
