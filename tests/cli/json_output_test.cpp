#include "cli/json_output.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::cli {
namespace {

/// What `words` make the option print for {"a": 1} and "text".
std::string printed(std::vector<std::string> words) {
  CLI::App app;
  JsonOption option(app);
  std::reverse(words.begin(), words.end());
  app.parse(std::move(words));
  Json json = Json::object();
  json.set("a", 1);
  option.prepare();
  ::testing::internal::CaptureStdout();
  option.write(json, [] { return "text\n"; });
  return ::testing::internal::GetCapturedStdout();
}

TEST(JsonOption, WithoutItOnlyText) { EXPECT_EQ(printed({}), "text\n"); }

TEST(JsonOption, AloneItReplacesTheText) {
  EXPECT_EQ(printed({"--json"}), "{\n  \"a\": 1\n}\n");
  EXPECT_EQ(printed({"--json=-"}), "{\n  \"a\": 1\n}\n");
}

TEST(JsonOption, AFileStandsBesideTheText) {
  const test::TempDir folder;
  EXPECT_EQ(printed({"--json=" + (folder / "out.json")}), "text\n");
  EXPECT_EQ(read_file(folder / "out.json", 1000), "{\n  \"a\": 1\n}\n");
  EXPECT_EQ(list_directory(folder.path()).size(), 1U);
}

TEST(JsonOption, AFolderThatIsNotThereIsKnownBeforeTheWork) {
  CLI::App app;
  JsonOption option(app);
  app.parse(std::vector<std::string>{"--json=/nonexistent/folder/out.json"});
  test::expect_error(ErrorCode::kUsage, "/nonexistent/folder", [&] { option.prepare(); });
}

TEST(JsonOption, WithoutWritingNothingIsLeft) {
  const test::TempDir folder;
  {
    CLI::App app;
    JsonOption option(app);
    app.parse(std::vector<std::string>{"--json=" + (folder / "out.json")});
    option.prepare();
  }
  EXPECT_TRUE(list_directory(folder.path()).empty());
}

}  // namespace
}  // namespace kerf::cli
