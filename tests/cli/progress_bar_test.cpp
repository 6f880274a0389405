#include "cli/progress_bar.h"

#include <gtest/gtest.h>

namespace kerf::cli {
namespace {

TEST(ProgressLine, ShareElapsedAndLeft) {
  EXPECT_EQ(progress_line("measuring", 1, 4, 75, 60), "measuring  [######..................]   25%  1:15, 3:45 left");
  EXPECT_EQ(progress_line("measuring", 4, 4, 3675, 200),
            "measuring  [##############################]  100%  1:01:15, 0:00 left");
}

TEST(ProgressLine, NothingDoneYetPromisesNothing) {
  EXPECT_EQ(progress_line("loading", 0, 10, 1, 44), "loading  [.....................]    0%  0:01");
}

TEST(ProgressLine, NeverWiderThanTheTerminal) {
  for (std::size_t width = 0; width < 120; ++width) {
    EXPECT_LE(progress_line("quantizing layers", 3, 7, 100, width).size(), width);
  }
}

TEST(ProgressLine, StrangeCountsAndNamesAreHarmless) {
  EXPECT_EQ(progress_line("x", 9, 4, 1, 60).find("100%"), progress_line("x", 4, 4, 1, 60).find("100%"));
  EXPECT_NE(progress_line("x", 1, 0, 1, 60).find("  0%"), std::string::npos);
  EXPECT_NE(progress_line("a\nb", 1, 2, 1, 60).find("a\\x0Ab"), std::string::npos);
}

}  // namespace
}  // namespace kerf::cli
