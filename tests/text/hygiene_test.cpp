#include "text/hygiene.h"

#include <gtest/gtest.h>

namespace kerf::text {
namespace {

TEST(LineEnds, OfDosBecomeOurs) {
  std::string text = "a\r\nb\r\n\r\nc\r";
  EXPECT_EQ(unify_line_ends(text), 3);
  EXPECT_EQ(text, "a\nb\n\nc\r");
}

TEST(LineEnds, MixedOnesStay) {
  for (const char* kept : {"a\r\nb\n", "a\n", "a\rb", ""}) {
    std::string text = kept;
    EXPECT_EQ(unify_line_ends(text), 0);
    EXPECT_EQ(text, kept);
  }
}

TEST(DoubleDecoding, IsFoundInItsUsualForms) {
  // "café" and "naïve" as UTF-8 read as Latin-1, a quotation mark as Windows-1252, "é" as Mac Roman.
  EXPECT_EQ(find_double_decoding("caf\u00c3\u00a9 na\u00c3\u00afve").places, 2);
  EXPECT_EQ(find_double_decoding("\u00e2\u20ac\u0153quoted").places, 1);
  EXPECT_EQ(find_double_decoding("caf\u221a\u00a9").places, 1);
  EXPECT_EQ(find_double_decoding("caf\u00c3\u00a9 x").sample, "caf\u00c3\u00a9 x");
}

TEST(DoubleDecoding, IsNotFoundInGoodText) {
  for (const char* good :
       {"caf\u00e9 na\u00efve \u201cquoted\u201d", "S\u00c3O PAULO", "\u221a2 = 1.41", "\u65e5\u672c\u8a9e", ""}) {
    EXPECT_EQ(find_double_decoding(good).places, 0) << good;
  }
}

TEST(Overlap, CountsSharedRuns) {
  const std::vector<Window> a = {{.ids = {1, 2, 3, 4, 5}}}, b = {{.ids = {9, 2, 3, 4, 9}}};
  EXPECT_DOUBLE_EQ(overlap_share(a, b, 3), 1.0 / 3);
  EXPECT_DOUBLE_EQ(overlap_share(a, a, 3), 1);
  EXPECT_DOUBLE_EQ(overlap_share(a, {}, 3), 0);
  EXPECT_DOUBLE_EQ(overlap_share(a, b, 6), 0);
}

}  // namespace
}  // namespace kerf::text
