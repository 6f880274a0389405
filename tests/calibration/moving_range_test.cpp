#include "calibration/moving_range.h"

#include <gtest/gtest.h>

#include "calibration/statistics.h"

namespace kerf::calibration {
namespace {

Statistics of_windows(const std::vector<std::vector<float>>& windows) {
  Statistics statistics(2, {"moving_range"});
  for (const auto& window : windows) statistics.observe(window.data(), std::ssize(window) / 2);
  return statistics;
}

// m <- m + 0.01 (range - m), by hand.
TEST(MovingRange, IsWhatPyTorchsObserverKeeps) {
  const auto statistics = of_windows({{-1, 2}, {-5, 8, 0, 1}, {3, 4}});
  EXPECT_NEAR(MovingRange::low(statistics.state("moving_range")), 0.99 * (0.99 * -1 + 0.01 * -5) + 0.01 * 3, 1e-12);
  EXPECT_NEAR(MovingRange::high(statistics.state("moving_range")), 0.99 * (0.99 * 2 + 0.01 * 8) + 0.01 * 4, 1e-12);
}

TEST(MovingRange, TwoTextsAreOneAfterTheOther) {
  const std::vector<std::vector<float>> all = {{-1, 2}, {-5, 8}, {0.5F, 4}, {-9, -8}, {1, 2}};
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    auto first = of_windows({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(cut)});
    first.merge(of_windows({all.begin() + static_cast<std::ptrdiff_t>(cut), all.end()}));
    const auto whole = of_windows(all);
    EXPECT_NEAR(MovingRange::low(first.state("moving_range")), MovingRange::low(whole.state("moving_range")), 1e-12);
    EXPECT_NEAR(MovingRange::high(first.state("moving_range")), MovingRange::high(whole.state("moving_range")), 1e-12);
  }
}

}  // namespace
}  // namespace kerf::calibration
