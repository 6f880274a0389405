#include "text/pieces.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::text {
namespace {

TEST(Pieces, AnEmptyTextHasNoPiece) {
  Pieces pieces;
  pieces.assign("abc");
  ASSERT_EQ(pieces.spans.size(), 1u);
  EXPECT_EQ(pieces.view(pieces.spans[0]), "abc");
  pieces.assign("");
  EXPECT_TRUE(pieces.spans.empty());
}

TEST(Pieces, RefusesTextsThatSpansCannotHold) {
  check_text_size(kMaxTextBytes);
  test::expect_error(ErrorCode::kInput, "too long to tokenize", [] { check_text_size(kMaxTextBytes + 1); });
}

TEST(Pieces, RefusesStepsThatMultiplyAText) {
  check_growth(0, 1024);
  check_growth(1000, 17024);
  test::expect_error(ErrorCode::kInput, "expected at most 16 times as much", [] { check_growth(1000, 17025); });
}

}  // namespace
}  // namespace kerf::text
