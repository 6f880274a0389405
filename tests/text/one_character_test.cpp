#include "text/one_character.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

TEST(OneCharacter, OneAndNoMore) {
  EXPECT_EQ(one_character(test::cursor(R"("\u2581")")), "\u2581");
  test::expect_error(ErrorCode::kInput, "found '', expected one character",
                     [] { one_character(test::cursor(R"("")")); });
  test::expect_error(ErrorCode::kInput, "found 'ab', expected one character",
                     [] { one_character(test::cursor(R"("ab")")); });
  test::expect_error(ErrorCode::kInput, "found an integer", [] { one_character(test::cursor("1")); });
}

}  // namespace
}  // namespace kerf::text
