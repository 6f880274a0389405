#include "text/lower_case.h"

#include <gtest/gtest.h>

namespace kerf::text {
namespace {

// Single characters through tokenizers 0.23.2.
TEST(LowerCase, EachCharacterOnItsOwn) {
  EXPECT_EQ(lower_case("AbC\u00c9\u0130\u03a3\u1e9e"), "abc\u00e9i\u0307\u03c3\u00df");
  EXPECT_EQ(lower_case("\u1c89\ua7cb\ua7dc\U00010D50\U00016EA0"), "\u1c8a\u0264\u019b\U00010D70\U00016EBB");
  EXPECT_EQ(lower_case(""), "");
}

}  // namespace
}  // namespace kerf::text
