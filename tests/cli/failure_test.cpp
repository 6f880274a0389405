#include "cli/failure.h"

#include <csignal>
#include <new>
#include <stdexcept>

#include <gtest/gtest.h>

#include "cli/console.h"
#include "core/error.h"

namespace kerf::cli {
namespace {

struct Outcome {
  int code;
  std::string errors;
};

Outcome outcome_of(const std::function<int()>& body) {
  ::testing::internal::CaptureStderr();
  const int code = guarded(body);
  return {code, ::testing::internal::GetCapturedStderr()};
}

TEST(Guarded, PassesTheExitCode) {
  const Outcome outcome = outcome_of([] { return 7; });
  EXPECT_EQ(outcome.code, 7);
  EXPECT_EQ(outcome.errors, "");
}

TEST(Guarded, AnErrorHasItsOwnCode) {
  const Outcome usage = outcome_of([]() -> int { throw_usage("no"); });
  EXPECT_EQ(usage.code, 2);
  EXPECT_EQ(usage.errors, "kerf: no\n");
  const Outcome input = outcome_of([]() -> int { throw_input("f.gguf", "tensor 'x'", "cut short"); });
  EXPECT_EQ(input.code, 3);
  EXPECT_EQ(input.errors, "kerf: f.gguf: tensor 'x': cut short\n");
  EXPECT_EQ(outcome_of([]() -> int { throw_machine("f", "disk"); }).code, 4);
}

TEST(Guarded, AnErrorIsOneSafeLine) {
  const Outcome outcome = outcome_of([]() -> int { throw_input("a\nb\x1b[31m", "", "bad"); });
  EXPECT_EQ(outcome.errors, "kerf: a\\x0Ab\\x1B[31m: bad\n");
}

TEST(Guarded, ALongErrorIsCut) {
  const Outcome outcome = outcome_of([]() -> int { throw_usage(std::string(100000, 'x')); });
  EXPECT_LT(outcome.errors.size(), 5000U);
}

TEST(Guarded, ShortMemoryHasAHint) {
  const Outcome outcome = outcome_of([]() -> int { throw std::bad_alloc(); });
  EXPECT_EQ(outcome.code, 4);
  EXPECT_NE(outcome.errors.find("--max-ram"), std::string::npos);
  EXPECT_EQ(outcome_of([]() -> int { throw std::length_error("x"); }).code, 4);
}

TEST(Guarded, AnythingElseIsTheMachines) {
  const Outcome outcome = outcome_of([]() -> int { throw std::runtime_error("odd\nthing"); });
  EXPECT_EQ(outcome.code, 4);
  EXPECT_EQ(outcome.errors, "kerf: an unexpected failure: odd\\x0Athing\n");
}

TEST(Guarded, AReaderThatLeftIsNoComplaint) {
  const Outcome outcome = outcome_of([]() -> int { throw ClosedPipe{}; });
  EXPECT_EQ(outcome.code, 128 + SIGPIPE);
  EXPECT_EQ(outcome.errors, "");
}

}  // namespace
}  // namespace kerf::cli
