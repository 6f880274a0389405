#include "text/library_categories.h"

#include <gtest/gtest.h>

namespace kerf::text {
namespace {

// Results of tokenizers 0.23.2 (BertPreTokenizer, BertNormalizer, StripAccents).
TEST(LibraryCategories, AreThoseOfOldUnicode) {
  for (const char32_t c : {U'!', U'$', U'~', U'\u00a1', U'\u2014', U'\u166d', U'\U000111C9'}) {
    EXPECT_TRUE(is_library_punctuation(c)) << static_cast<unsigned>(c);
  }
  for (const char32_t c : {U'a', U' ', U'\u20ac', U'\u2e52', U'\u061d', U'\U0001145D'}) {
    EXPECT_FALSE(is_library_punctuation(c)) << static_cast<unsigned>(c);
  }
  for (const char32_t c : {U'\0', U'\n', U'\x7f', U'\u0085', U'\u200b', U'\ue000', U'\U000E0001'}) {
    EXPECT_TRUE(is_library_control(c)) << static_cast<unsigned>(c);
  }
  for (const char32_t c : {U'a', U'\u00a0', U'\u0890', U'\U00013430', U'\u0378'}) {
    EXPECT_FALSE(is_library_control(c)) << static_cast<unsigned>(c);
  }
  for (const char32_t c : {U'\u0301', U'\u1734', U'\U0001171E'}) EXPECT_TRUE(is_library_nonspacing(c));
  for (const char32_t c : {U'a', U'\u0903', U'\u0898', U'\U0001E130'}) EXPECT_FALSE(is_library_nonspacing(c));
  for (const char32_t c : {U'\u0301', U'\u0903', U'\u20dd', U'\u1cf2'}) EXPECT_TRUE(is_library_mark(c));
  for (const char32_t c : {U'a', U'\u0897', U'\u1cf7'}) EXPECT_FALSE(is_library_mark(c));
}

}  // namespace
}  // namespace kerf::text
