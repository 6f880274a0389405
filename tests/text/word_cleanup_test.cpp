#include "text/word_cleanup.h"

#include <gtest/gtest.h>

namespace kerf::text {
namespace {

TEST(WordCleanup, ReplacesFromLeftToRight) {
  EXPECT_EQ(replace_all("aaa b", "aa", "c"), "ca b");
  EXPECT_EQ(replace_all("aaa", "a", ""), "");
  EXPECT_EQ(replace_all("", "a", "b"), "");
  EXPECT_EQ(replace_all("bab", "x", "y"), "bab");
}

TEST(WordCleanup, PunctuationAndContractions) {
  EXPECT_EQ(clean_up_words("a , b . c ? d !"), "a, b. c? d!");
  EXPECT_EQ(clean_up_words("it 's ca n't I 'm we 've they 're rock ' n"), "it's can't I'm we've they're rock'n");
  EXPECT_EQ(clean_up_words("I do not"), "I don't");
}

}  // namespace
}  // namespace kerf::text
