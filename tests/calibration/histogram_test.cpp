#include "calibration/histogram.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "calibration/observer.h"
#include "core/random.h"
#include "core/tensor.h"

namespace kerf::calibration {
namespace {

TEST(Histogram, ABinHoldsTheValuesBetweenItsEdges) {
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    const float size = static_cast<float>(std::ldexp(1 + random.uniform(), static_cast<int>(random.below(46)) - 23));
    for (const float value : {size, -size}) {
      const std::int64_t bin = Histogram::bin_of(value);
      ASSERT_LE(Histogram::smallest(bin), size);
      ASSERT_GT(Histogram::largest(bin), size);
      ASSERT_LE(Histogram::largest(bin), Histogram::smallest(bin) * (1 + 1.0F / Histogram::kPerOctave));
      ASSERT_EQ(bin > Histogram::kSide, value > 0);
    }
  }
}

TEST(Histogram, BinsAscendAndMeet) {
  for (std::int64_t bin = Histogram::kSide; bin + 1 < Histogram::kBins; ++bin) {
    ASSERT_EQ(Histogram::largest(bin), Histogram::smallest(bin + 1));
    ASSERT_EQ(Histogram::largest(bin), Histogram::largest(2 * Histogram::kSide - bin)) << "both sides are alike";
  }
  EXPECT_EQ(Histogram::smallest(Histogram::kSide), 0);
  EXPECT_EQ(Histogram::largest(Histogram::kBins - 1), 0x1p24F);
}

TEST(Histogram, WhatIsSmallOrLargeHasABinToo) {
  for (const float value : {0.0F, -0.0F, 1e-30F, -1e-40F}) EXPECT_EQ(Histogram::bin_of(value), Histogram::kSide);
  for (const float value : {0x1p24F, 1e30F, std::numeric_limits<float>::infinity()}) {
    EXPECT_EQ(Histogram::bin_of(value), Histogram::kBins - 1);
    EXPECT_EQ(Histogram::bin_of(-value), 0);
  }
}

TEST(Histogram, CountsEveryValueOnce) {
  const ObserverInfo& info = *find_observer("histogram");
  Tensor state = Tensor::zeros(info.dtype, info.shape(3));
  const std::vector<float> x = {1, 1, -2, 0, 1.001F, 5};
  info.observe(x.data(), 2, 3, state);
  const auto counts = state.values<double>();
  EXPECT_EQ(counts[static_cast<std::size_t>(Histogram::bin_of(1))], 3);
  EXPECT_EQ(counts[static_cast<std::size_t>(Histogram::bin_of(-2))], 1);
  EXPECT_EQ(counts[static_cast<std::size_t>(Histogram::kSide)], 1);
  double total = 0;
  for (const double count : counts) total += count;
  EXPECT_EQ(total, 6);
}

}  // namespace
}  // namespace kerf::calibration
