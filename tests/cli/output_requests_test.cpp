#include "cli/output_requests.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::cli {
namespace {

using test::expect_error;

std::vector<std::string> requests_of(std::vector<std::string> words) {
  CLI::App app;
  const OutputOptions outputs(app);
  app.add_flag("--force");
  std::reverse(words.begin(), words.end());
  app.parse(std::move(words));
  std::vector<std::string> found;
  for (const OutputRequest& request : outputs.read()) found.push_back(request.path + ":" + request.format);
  return found;
}

using Strings = std::vector<std::string>;

TEST(OutputOptions, AFormatBelongsToTheOutputBeforeIt) {
  EXPECT_EQ(requests_of({"-o", "a.gguf"}), (Strings{"a.gguf:"}));
  EXPECT_EQ(requests_of({"-o", "a", "--format", "gptq", "-o", "b"}), (Strings{"a:gptq", "b:"}));
  EXPECT_EQ(requests_of({"-o", "a", "-o", "b", "--format", "gptq"}), (Strings{"a:", "b:gptq"}));
  EXPECT_EQ(requests_of({"--output=a", "--force", "--format=mlx", "-ob", "--format", "awq"}),
            (Strings{"a:mlx", "b:awq"}));
}

TEST(OutputOptions, RefusesWhatBelongsToNoOutput) {
  expect_error(ErrorCode::kUsage, "--format 'gptq' stands before any -o", [] {
    requests_of({"--format", "gptq", "-o", "a"});
  });
  expect_error(ErrorCode::kUsage, "-o 'a' has two formats, 'gptq' and 'awq'", [] {
    requests_of({"-o", "a", "--format", "gptq", "--format", "awq"});
  });
  expect_error(ErrorCode::kUsage, "needs -o OUT", [] { requests_of({"--force"}); });
}

}  // namespace
}  // namespace kerf::cli
