#include "text/unicode.h"

#include <string>

#include <gtest/gtest.h>
#include <utf8proc.h>

#include "text/unicode_additions.h"

namespace kerf::text {
namespace {

TEST(Unicode, AdditionsAreAscendingAndDisjoint) {
  std::uint32_t previous = 0;
  for (const auto& range : kUnicodeAdditions) {
    EXPECT_GT(range.first, previous);
    EXPECT_LE(range.first, range.last);
    previous = range.last;
  }
}

// utf8proc 2.8 knows Unicode 15.0: what it has of the additions must be of the category that the table gives.
TEST(Unicode, AdditionsAgreeWithTheLibraryWhereItKnowsThem) {
  int known = 0;
  for (const auto& range : kUnicodeAdditions) {
    for (std::uint32_t c = range.first; c <= range.last; ++c) {
      const std::string category = utf8proc_category_string(static_cast<utf8proc_int32_t>(c));
      if (category == "Cn") continue;
      EXPECT_EQ(category, range.category) << std::hex << c;
      ++known;
    }
  }
  EXPECT_GT(known, 4000);  // Unicode 15.0 added 4,489 characters
}

TEST(Unicode, CategoriesOldAndNew) {
  EXPECT_EQ(general_category('a'), "Ll");
  EXPECT_EQ(general_category('5'), "Nd");
  EXPECT_EQ(general_category(0x4E2D), "Lo");
  EXPECT_EQ(general_category(0x31350), "Lo");  // 15.0
  EXPECT_EQ(general_category(0x1C89), "Lu");   // 16.0
  EXPECT_EQ(general_category(0x0378), "Cn");
  EXPECT_TRUE(is_unicode_addition(0x1C89));
  EXPECT_FALSE(is_unicode_addition(0x1C88));
}

TEST(Unicode, WhiteSpaceIsTheProperty) {
  int count = 0;
  for (char32_t c = 0; c < 0x110000; ++c) count += is_white_space(c) ? 1 : 0;
  EXPECT_EQ(count, 25);  // PropList.txt, White_Space: total code points
  EXPECT_TRUE(is_white_space(0x3000));
  EXPECT_FALSE(is_white_space(0x200B));
}

// Counted with the \w of Rust's regex crate (through tokenizers 0.23.2, Unicode 16).
TEST(Unicode, WordCharacters) {
  int count = 0;
  for (char32_t c = 0; c < 0x110000; ++c) count += (c < 0xD800 || c > 0xDFFF) && is_word(c) ? 1 : 0;
  EXPECT_EQ(count, 144667);
  EXPECT_TRUE(is_word('_'));
  EXPECT_TRUE(is_word(0x0301));   // a mark
  EXPECT_TRUE(is_word(0x24B6));   // a circled letter
  EXPECT_FALSE(is_word(0x00B2));  // superscript two
  EXPECT_FALSE(is_word('-'));
}

TEST(Unicode, DecodesAndCountsCodePoints) {
  const std::string text = "a\u00e9\u4e2d\U0001F600";
  EXPECT_EQ(count_code_points(text), 4u);
  EXPECT_EQ(code_point_at(text, 0).value, U'a');
  EXPECT_EQ(code_point_at(text, 1).value, 0xE9u);
  EXPECT_EQ(code_point_at(text, 3).value, 0x4E2Du);
  EXPECT_EQ(code_point_at(text, 6).value, 0x1F600u);
  EXPECT_EQ(code_point_at(text, 6).bytes, 4u);
  EXPECT_EQ(last_code_point(text).value, 0x1F600u);
  EXPECT_EQ(last_code_point("a").value, U'a');
}

// The example of the Unicode standard, 3.9, table 3-8 and its neighbours.
TEST(Unicode, LossyTextReplacesMaximalParts) {
  const std::string replacement = "\uFFFD";
  EXPECT_EQ(lossy_utf8("ab"), "ab");
  EXPECT_EQ(lossy_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), replacement + replacement + replacement + replacement +
                                                                    replacement + replacement + replacement +
                                                                    replacement + "A");
  EXPECT_EQ(lossy_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"),
            replacement + replacement + replacement + replacement + "A");
  EXPECT_EQ(lossy_utf8("\xED\xA0\x80"), replacement + replacement + replacement);
  EXPECT_EQ(lossy_utf8("\xE4\xB8"), replacement);
  EXPECT_EQ(lossy_utf8("\xF4\x8F\xBF\xBF"), "\U0010FFFF");
}

TEST(Unicode, WhiteSpaceAtTheEnds) {
  EXPECT_EQ(white_space_at_begin(" \n\u3000a "), 5u);
  EXPECT_EQ(white_space_at_end(" a\u00a0\t"), 3u);
  EXPECT_EQ(white_space_at_begin("a"), 0u);
  EXPECT_EQ(white_space_at_end("\u2003 "), 4u);
  EXPECT_EQ(white_space_at_begin(""), 0u);
}

}  // namespace
}  // namespace kerf::text
