#include "cli/command_line.h"

#include <gtest/gtest.h>

namespace kerf::cli {
namespace {

TEST(CommandLine, ReadsBackInAShell) {
  EXPECT_EQ(shell_line({"eval", "a model", "--keep", "*.q'", "--x=1", ""}),
            "kerf eval 'a model' --keep '*.q'\\''"
            "' --x=1 ''");
}

TEST(CommandLine, IsRemembered) {
  remember_command_line({"inspect", "m"});
  EXPECT_EQ(command_line(), "kerf inspect m");
}

}  // namespace
}  // namespace kerf::cli
