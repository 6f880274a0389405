#include "core/random.h"

#include <algorithm>
#include <array>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Random, IsSplitmix64) {
  // Published for the seed 1234567: https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64
  Random random(1234567);
  for (const std::uint64_t expected : {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
                                       4593380528125082431ULL, 16408922859458223821ULL}) {
    EXPECT_EQ(random.next(), expected);
  }
}

TEST(Random, BelowOneIsZeroAndBelowStaysBelow) {
  Random random(1);
  for (const std::uint64_t bound : {1ULL, 2ULL, 3ULL, 1000ULL, 1ULL << 63, ~0ULL}) {
    for (int i = 0; i < 100; ++i) EXPECT_LT(random.below(bound), bound);
  }
}

TEST(Random, BelowHasNoModuloBias) {
  // The remainder alone would fall into the first third half of the time.
  constexpr std::uint64_t kThird = std::uint64_t{1} << 62;
  constexpr int kDraws = 6000;
  Random random(2);
  int first = 0;
  for (int i = 0; i < kDraws; ++i) first += random.below(3 * kThird) < kThird ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(first) / kDraws, 1.0 / 3, 0.03);  // five standard deviations
}

TEST(Random, UniformFillsTheUnitInterval) {
  constexpr int kDraws = 10000;
  Random random(3);
  std::array<int, 10> bins{};
  for (int i = 0; i < kDraws; ++i) {
    const double value = random.uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    ++bins.at(static_cast<std::size_t>(value * 10));
  }
  for (const int count : bins) EXPECT_NEAR(count, kDraws / 10, 150);  // five standard deviations
}

TEST(Random, ASampleIsAscendingWithoutRepeats) {
  Random random(4);
  for (const std::int64_t count : {1, 7, 50, 99, 100}) {
    const auto sample = random.sample(100, count);
    ASSERT_EQ(static_cast<std::int64_t>(sample.size()), count);
    EXPECT_EQ(std::adjacent_find(sample.begin(), sample.end(), std::greater_equal<>()), sample.end());
    EXPECT_GE(sample.front(), 0);
    EXPECT_LT(sample.back(), 100);
  }
}

TEST(Random, ASampleOfAllOrMoreIsEverything) {
  Random random(5);
  EXPECT_THAT(random.sample(3, 3), ElementsAre(0, 1, 2));
  EXPECT_THAT(random.sample(3, 10), ElementsAre(0, 1, 2));
  EXPECT_THAT(random.sample(0, 10), IsEmpty());
  EXPECT_THAT(random.sample(10, 0), IsEmpty());
}

TEST(Random, EveryIndexIsSampledEquallyOften) {
  constexpr std::int64_t kTotal = 20, kCount = 5;
  constexpr int kDraws = 4000;
  Random random(6);
  std::array<int, kTotal> chosen{};
  for (int i = 0; i < kDraws; ++i) {
    for (const std::int64_t index : random.sample(kTotal, kCount)) ++chosen.at(static_cast<std::size_t>(index));
  }
  for (const int count : chosen) EXPECT_NEAR(count, kDraws * kCount / kTotal, 140);  // five standard deviations
}

TEST(Random, TheSameSeedGivesTheSameSample) {
  EXPECT_EQ(Random(7).sample(1000, 10), Random(7).sample(1000, 10));
  EXPECT_NE(Random(7).sample(1000, 10), Random(8).sample(1000, 10));
}

}  // namespace
}  // namespace kerf
