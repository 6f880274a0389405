#include "eval/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf::eval {
namespace {

using testing::ElementsAre;

Series sample() {
  Series series(4, true);
  series.nll = {1, 2, 3, 4};
  series.kl = {0.5, 0, 1e-9, 0.5};
  series.same_top1 = {1, 0, 1, 1};
  return series;
}

Layout two_windows() {
  Layout layout;
  layout.window = {0, 0, 1, 1};
  layout.position = {7, 8, 7, 8};
  layout.batch = {0, 0, 1, 1};
  layout.batches = 2;
  return layout;
}

TEST(Profile, MeansByWindowAndPosition) {
  const Profile windows = profile_by_window(sample(), two_windows());
  EXPECT_THAT(windows.index, ElementsAre(0, 1));
  EXPECT_THAT(windows.tokens, ElementsAre(2, 2));
  EXPECT_THAT(windows.nll, ElementsAre(1.5, 3.5));
  EXPECT_THAT(windows.kl, ElementsAre(0.25, testing::DoubleEq(0.25 + 0.5e-9)));
  EXPECT_THAT(windows.top1, ElementsAre(0.5, 1));
  const Profile positions = profile_by_position(sample(), two_windows());
  EXPECT_THAT(positions.index, ElementsAre(7, 8));
  EXPECT_THAT(positions.nll, ElementsAre(2, 3));
}

TEST(Histogram, EveryValueIsCountedOnce) {
  const Histogram histogram = kl_histogram(sample());
  EXPECT_EQ(histogram.below, 2);  // 0 and 1e-9
  EXPECT_EQ(histogram.above, 0);
  std::int64_t sum = 0;
  for (const std::int64_t count : histogram.counts) sum += count;
  EXPECT_EQ(sum, 2);
  // log10(0.5) = -0.30: the bin from -0.5 on
  EXPECT_EQ(histogram.counts[static_cast<std::size_t>((-0.5 - histogram.low) / histogram.step)], 2);
}

TEST(Worst, LargestFirstAndOfEqualOnesTheFirst) {
  EXPECT_THAT(worst_places(sample(), 3), ElementsAre(0, 3, 2));
  EXPECT_THAT(worst_places(sample(), 99), testing::SizeIs(4));
  EXPECT_THAT(worst_places(Series(3), 5), testing::IsEmpty());
}

}  // namespace
}  // namespace kerf::eval
