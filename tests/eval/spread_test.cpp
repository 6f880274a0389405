#include "eval/spread.h"

#include <gtest/gtest.h>

namespace kerf::eval {
namespace {

TEST(Quantile, LiesBetweenNeighbours) {
  const std::vector<double> four = {0, 1, 2, 3}, two = {0, 10}, one = {7};
  EXPECT_DOUBLE_EQ(quantile(four, 0.5), 1.5);
  EXPECT_DOUBLE_EQ(quantile(two, 0.99), 9.9);
  EXPECT_DOUBLE_EQ(quantile(one, 0.5), 7);
}

TEST(Spread, OfValuesInAnyOrder) {
  std::vector<double> values;
  for (int i = 0; i <= 1000; ++i) values.push_back((i * 10) % 1001);  // 0 to 1000, each once
  const Spread spread = spread_of(values);
  EXPECT_DOUBLE_EQ(spread.mean, 500);
  EXPECT_DOUBLE_EQ(spread.min, 0);
  EXPECT_DOUBLE_EQ(spread.p001, 1);
  EXPECT_DOUBLE_EQ(spread.p01, 10);
  EXPECT_DOUBLE_EQ(spread.p25, 250);
  EXPECT_DOUBLE_EQ(spread.median, 500);
  EXPECT_DOUBLE_EQ(spread.p95, 950);
  EXPECT_DOUBLE_EQ(spread.p999, 999);
  EXPECT_DOUBLE_EQ(spread.max, 1000);
  // sqrt(variance 1001^2 / 12 - 1/12 times n/(n-1), over n)
  EXPECT_NEAR(spread.mean_error, 9.1378, 1e-3);
}

TEST(Covariance, OfMeans) {
  const std::vector<double> a = {1, 2, 3, 4}, b = {1.5, 2.0, 3.5, 4.5};
  EXPECT_NEAR(mean_covariance(a, b), 0.4375, 1e-12);
  EXPECT_NEAR(mean_covariance(a, a), standard_error(a, 2.5) * standard_error(a, 2.5), 1e-12);
}

}  // namespace
}  // namespace kerf::eval
