#include "ops/row_math.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

TEST(RowMath, SumsGoOverSixteenLanes) {
  // 2^24 + 1 is no float: only the documented order, in which the ones meet each other first, keeps them.
  std::vector<float> x(32, 0.0F);
  x[0] = 16777216.0F;
  x[1] = 1.0F;
  x[17] = 1.0F;
  EXPECT_EQ(lane_sum<float>(32, [&](std::int64_t i) { return x[static_cast<std::size_t>(i)]; }), 16777218.0F);
  EXPECT_EQ(std::accumulate(x.begin(), x.end(), 0.0F), 16777216.0F) << "the naive order loses them";
  for (const std::int64_t count : {0, 1, 15, 16, 17, 100}) {
    EXPECT_EQ(lane_sum<double>(count, [](std::int64_t i) { return static_cast<double>(i); }),
              static_cast<double>(count * (count - 1) / 2));
  }
}

TEST(RowMath, MaximumOfEveryPlace) {
  for (std::size_t count : {1U, 7U, 16U, 33U}) {
    for (std::size_t place = 0; place < count; ++place) {
      std::vector<float> x(count, -5.0F);
      x[place] = -1.0F;
      EXPECT_EQ(row_max(x.data(), static_cast<std::int64_t>(count)), -1.0F);
    }
  }
}

TEST(RowMath, SoftmaxSumsToOneAndKeepsRatios) {
  for (const std::int64_t count : {1, 5, 16, 100, 1000}) {
    const Tensor x = test::random_tensor({count}, 3);
    Tensor y = x.clone();
    softmax_row(y.data<float>(), count);
    double sum = 0;
    for (const float value : y.values<float>()) sum += static_cast<double>(value);
    EXPECT_NEAR(sum, 1, 1e-6);
    const double ratio =
        std::exp(static_cast<double>(x.data<float>()[count - 1]) - static_cast<double>(x.data<float>()[0]));
    EXPECT_NEAR(static_cast<double>(y.data<float>()[count - 1]) / static_cast<double>(y.data<float>()[0]), ratio,
                1e-6 * ratio);
  }
}

TEST(RowMath, SoftmaxOfMinusInfinityIsZero) {
  float x[] = {1.0F, -std::numeric_limits<float>::infinity(), 1.0F};
  softmax_row(x, 3);
  EXPECT_EQ(x[0], 0.5F);
  EXPECT_EQ(x[1], 0.0F);
}

}  // namespace
}  // namespace kerf::ops
