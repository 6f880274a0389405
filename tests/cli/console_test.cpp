#include "cli/console.h"

#include <array>
#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/error.h"
#include "tests/support/expect_error.h"

namespace kerf::cli {
namespace {

/// Puts `replacement` in the place of a standard descriptor while it lives.
class Redirect {
 public:
  Redirect(int standard, int replacement) : standard_(standard), saved_(::dup(standard)) {
    ::dup2(replacement, standard);
    ::close(replacement);
  }
  Redirect(const Redirect&) = delete;
  Redirect& operator=(const Redirect&) = delete;
  ~Redirect() {
    ::dup2(saved_, standard_);
    ::close(saved_);
  }

 private:
  int standard_, saved_;
};

TEST(Print, WritesEverything) {
  const std::string text(300000, 'x');
  ::testing::internal::CaptureStdout();
  print(text);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), text);
}

TEST(Print, AFullDiskIsTheMachinesFailure) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  const Redirect redirect(STDOUT_FILENO, full);
  test::expect_error(ErrorCode::kMachine, "standard output: cannot write", [] { print("x"); });
}

TEST(Print, AReaderThatLeftEndsTheOutput) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  {
    const Redirect redirect(STDOUT_FILENO, ends[1]);
    EXPECT_THROW(print("x"), ClosedPipe);
  }
  std::signal(SIGPIPE, before);
}

TEST(ReadStandardInput, ReadsAllUpToTheLimit) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ASSERT_EQ(::write(ends[1], "hello", 5), 5);
  ::close(ends[1]);
  const Redirect redirect(STDIN_FILENO, ends[0]);
  EXPECT_EQ(read_standard_input(5), "hello");
}

TEST(ReadStandardInput, RefusesMore) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ASSERT_EQ(::write(ends[1], "hello", 5), 5);
  ::close(ends[1]);
  const Redirect redirect(STDIN_FILENO, ends[0]);
  test::expect_error(ErrorCode::kInput, "longer than the limit of 4 bytes", [] { read_standard_input(4); });
}

}  // namespace
}  // namespace kerf::cli
