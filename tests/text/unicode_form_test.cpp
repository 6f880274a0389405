#include "text/unicode_form.h"

#include <cstdlib>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <utf8proc.h>

#include "core/random.h"
#include "core/strings.h"

namespace kerf::text {
namespace {

std::string form_of(std::string text, UnicodeForm form) {
  normalize_unicode(text, form);
  return text;
}

TEST(UnicodeForm, TheFourForms) {
  const std::string text = "\u00e9e\u0301\ufb01\uac00\u1100\u1161\u212b";
  EXPECT_EQ(form_of(text, UnicodeForm::kNfc), "\u00e9\u00e9\ufb01\uac00\uac00\u00c5");
  EXPECT_EQ(form_of(text, UnicodeForm::kNfd), "e\u0301e\u0301\ufb01\u1100\u1161\u1100\u1161A\u030a");
  EXPECT_EQ(form_of(text, UnicodeForm::kNfkc), "\u00e9\u00e9fi\uac00\uac00\u00c5");
  EXPECT_EQ(form_of(text, UnicodeForm::kNfkd), "e\u0301e\u0301fi\u1100\u1161\u1100\u1161A\u030a");
}

TEST(UnicodeForm, MarksComposeWithTheLastSettledCharacter) {
  EXPECT_EQ(form_of("xyze\u0301 \u4e2d\u0301 \u304b\u3099\u304b", UnicodeForm::kNfc),
            "xyz\u00e9 \u4e2d\u0301 \u304c\u304b");
  EXPECT_EQ(form_of("\uac00\u11a8 \u0418\u0306", UnicodeForm::kNfc), "\uac01 \u0419");
}

// Through tokenizers 0.23.2: marks that Unicode 10 and later added do not reorder, U+32FF does not decompose.
TEST(UnicodeForm, WhatLaterVersionsAddedStays) {
  EXPECT_EQ(form_of("a\u0898\u0323", UnicodeForm::kNfc), "a\u0898\u0323");
  EXPECT_EQ(form_of("a\u0301\u0323", UnicodeForm::kNfc), "\u1ea1\u0301");
  EXPECT_EQ(form_of("\u32ff", UnicodeForm::kNfkc), "\u32ff");
  EXPECT_EQ(form_of("\u32fe", UnicodeForm::kNfkc), "\u30f2");
}

// Against utf8proc's own whole-text function, on text of characters that both treat alike.
TEST(UnicodeForm, EqualsTheLibraryOnTheWholeText) {
  const std::u32string alphabet =
      U"ae "
      U"\u00e9\u0301\u0323\u0345\u0344\u1100\u1161\u11a8\uac00\u4e2d\u304b\u3099\u0418\u0306\ufb01\u212b\u0f73\u1ebf"
      U"\U0001D15E";
  Random random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::uint64_t left = random.below(20); left > 0; --left)
      append_utf8(text, alphabet[random.below(alphabet.size())]);
    for (const auto& [form, options] :
         {std::pair(UnicodeForm::kNfc, UTF8PROC_COMPOSE), std::pair(UnicodeForm::kNfd, UTF8PROC_DECOMPOSE)}) {
      utf8proc_uint8_t* whole = nullptr;
      const auto bytes = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                      static_cast<utf8proc_ssize_t>(text.size()), &whole,
                                      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | options));
      ASSERT_GE(bytes, 0);
      const std::string expected(reinterpret_cast<const char*>(whole), static_cast<std::size_t>(bytes));
      std::free(whole);
      ASSERT_EQ(form_of(text, form), expected) << text;
    }
  }
}

// The library orders marks in quadratic time; a million of them must not take minutes.
TEST(UnicodeForm, LongRunsOfMarks) {
  std::string text = "a";
  for (int i = 0; i < 500000; ++i) text += "\u0301\u0323";
  const std::string sorted = form_of(text, UnicodeForm::kNfd);
  EXPECT_EQ(sorted.size(), text.size());
  EXPECT_EQ(sorted.substr(1, 4), "\u0323\u0323");
  EXPECT_EQ(sorted.substr(sorted.size() - 4), "\u0301\u0301");
}

}  // namespace
}  // namespace kerf::text
