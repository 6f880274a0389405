#include "core/temporaries.h"

#include <csignal>
#include <cstdlib>
#include <utility>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/output.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf {
namespace {

constexpr int kStopped = 128 + SIGTERM;
constexpr char kSentence[] = "unfinished output was removed";

/// What a process does with the file's path before SIGTERM reaches it.
template <typename Action>
[[noreturn]] void stop_after(const std::string& path, Action action) {
  remove_temporaries_on_signal();
  TemporaryPath registered(path);
  action(registered);
  std::raise(SIGTERM);
  std::_Exit(0);
}

TEST(TemporaryPathDeathTest, ARegisteredPathGoesWithTheSignal) {
  const test::TempDir folder;
  const std::string path = folder.write("half", "x");
  EXPECT_EXIT(stop_after(path, [](TemporaryPath&) {}), testing::ExitedWithCode(kStopped), kSentence);
  EXPECT_FALSE(path_exists(path));
}

TEST(TemporaryPathDeathTest, AReleasedPathStays) {
  const test::TempDir folder;
  const std::string path = folder.write("whole", "x");
  EXPECT_EXIT(stop_after(path, [](TemporaryPath& registered) { registered.release(); }),
              testing::ExitedWithCode(kStopped), kSentence);
  EXPECT_TRUE(path_exists(path));
}

TEST(TemporaryPathDeathTest, AMovedPathIsStillRegistered) {
  const test::TempDir folder;
  const std::string path = folder.write("half", "x");
  EXPECT_EXIT(
      {
        TemporaryPath other;
        stop_after(path, [&](TemporaryPath& registered) {
          TemporaryPath between(std::move(registered));
          other = std::move(between);
        });
      },
      testing::ExitedWithCode(kStopped), kSentence);
  EXPECT_FALSE(path_exists(path));
}

TEST(TemporaryPathDeathTest, AssignmentReleasesWhatWasThere) {
  const test::TempDir folder;
  const std::string first = folder.write("first", "x"), second = folder.write("second", "x");
  EXPECT_EXIT(stop_after(first, [&](TemporaryPath& registered) { registered = TemporaryPath(second); }),
              testing::ExitedWithCode(kStopped), kSentence);
  EXPECT_TRUE(path_exists(first));
  EXPECT_FALSE(path_exists(second));
}

TEST(TemporaryPath, PlacesAreUsedAgain) {
  for (int i = 0; i < 10000; ++i) EXPECT_NO_THROW(TemporaryPath("path " + std::to_string(i)));
}

TEST(TemporaryPath, RefusesPathsThatTheSystemCannotHave) {
  test::expect_error(ErrorCode::kMachine, "the path is too long", [] { TemporaryPath(std::string(5000, 'x')); });
}

}  // namespace
}  // namespace kerf
