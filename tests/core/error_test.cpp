#include "core/error.h"

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf {
namespace {

TEST(Error, IsOneSentenceOfFilePlaceAndMessage) {
  const Error error(ErrorCode::kInput, "a.gguf", "tensor 'x'", "found 1, expected 2");
  EXPECT_STREQ(error.what(), "a.gguf: tensor 'x': found 1, expected 2");
  EXPECT_EQ(error.file(), "a.gguf");
  EXPECT_EQ(error.place(), "tensor 'x'");
  EXPECT_EQ(error.message(), "found 1, expected 2");
}

TEST(Error, LeavesOutWhatIsNotKnown) {
  EXPECT_STREQ(Error(ErrorCode::kInput, "", "line 3", "wrong").what(), "line 3: wrong");
  EXPECT_STREQ(Error(ErrorCode::kInput, "a.txt", "", "wrong").what(), "a.txt: wrong");
  EXPECT_STREQ(Error(ErrorCode::kUsage, "", "", "wrong").what(), "wrong");
}

TEST(Error, CodesAreTheExitCodes) {
  EXPECT_EQ(static_cast<int>(ErrorCode::kUsage), 2);
  EXPECT_EQ(static_cast<int>(ErrorCode::kInput), 3);
  EXPECT_EQ(static_cast<int>(ErrorCode::kMachine), 4);
}

TEST(Error, ErrnoIsSaidInWords) {
  test::expect_error(ErrorCode::kMachine, "out.gguf: writing failed: No space left on device",
                     [] { throw_errno("out.gguf", "writing failed", ENOSPC); });
}

}  // namespace
}  // namespace kerf
