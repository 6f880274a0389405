#include "eval/estimate.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/random.h"
#include "eval/spread.h"

namespace kerf::eval {
namespace {

/// `batches` of `length` values: of independent batches whose values share a part.
std::vector<double> dependent_values(std::size_t batches, std::size_t length, std::uint64_t seed, Layout& layout) {
  Random random(seed);
  std::vector<double> values;
  for (std::size_t b = 0; b < batches; ++b) {
    const double shared = random.uniform();
    for (std::size_t i = 0; i < length; ++i) {
      values.push_back(shared + 0.1 * random.uniform());
      layout.window.push_back(static_cast<std::int64_t>(b));
      layout.position.push_back(static_cast<std::int64_t>(i));
      layout.batch.push_back(b);
    }
  }
  layout.batches = batches;
  return values;
}

// Values of R's qt(0.975, n).
TEST(Student, AgreesWithTables) {
  EXPECT_NEAR(t_quantile(1), 12.7062, 1e-4);
  EXPECT_NEAR(t_quantile(2), 4.30265, 1e-4);
  EXPECT_NEAR(t_quantile(3), 3.18245, 4e-3);
  EXPECT_NEAR(t_quantile(7), 2.36462, 1e-4);
  EXPECT_NEAR(t_quantile(30), 2.04227, 1e-5);
  EXPECT_NEAR(t_quantile(100000), 1.95999, 1e-4);
}

TEST(EstimateMean, IsTheErrorOfEqualBatchesMeans) {
  Layout layout;
  const auto values = dependent_values(10, 50, 1, layout);
  std::vector<double> means;
  for (std::size_t b = 0; b < 10; ++b) means.push_back(mean_of(std::span(values).subspan(50 * b, 50)));
  const auto estimate = estimate_mean(values, layout);
  ASSERT_TRUE(estimate.has_value());
  EXPECT_NEAR(estimate->value, mean_of(values), 1e-12);
  EXPECT_NEAR(estimate->error, standard_error(means, mean_of(means)), 1e-12);
  EXPECT_NEAR(estimate->high - estimate->value, t_quantile(9) * estimate->error, 1e-12);
  // Tokens taken as independent would promise far too much.
  EXPECT_GT(estimate->error, 4 * standard_error(values, mean_of(values)));
}

TEST(EstimateMean, IntervalsHoldTheTruthAboutAsOftenAsTheySay) {
  int held = 0;
  constexpr int kTrials = 400;
  for (int trial = 0; trial < kTrials; ++trial) {
    Layout layout;
    const auto values = dependent_values(12, 8, static_cast<std::uint64_t>(trial), layout);
    const auto estimate = estimate_mean(values, layout);
    held += estimate->low < 0.55 && 0.55 < estimate->high;  // mean of both uniform parts
  }
  EXPECT_GT(held, 0.92 * kTrials);
  EXPECT_LT(held, 0.98 * kTrials);
}

TEST(EstimateQuantiles, IntervalsHoldTheTruthAboutAsOftenAsTheySay) {
  const std::vector<double> quantiles = {0.5, 0.9};
  int held = 0;
  constexpr int kTrials = 100;
  for (int trial = 0; trial < kTrials; ++trial) {
    Layout layout;
    const auto values = dependent_values(30, 4, static_cast<std::uint64_t>(1000 + trial), layout);
    const auto estimates = estimate_quantiles(values, quantiles, layout);
    ASSERT_TRUE(estimates.has_value());
    held += (*estimates)[0].low < 0.55 && 0.55 < (*estimates)[0].high;
    EXPECT_LE((*estimates)[0].low, (*estimates)[0].value);
    EXPECT_GE((*estimates)[1].high, (*estimates)[1].value);
  }
  EXPECT_GT(held, 0.88 * kTrials);
}

TEST(EstimateQuantiles, TheSameEveryTime) {
  Layout layout;
  const auto values = dependent_values(10, 20, 3, layout);
  const std::vector<double> quantiles = {0.5};
  const auto one = estimate_quantiles(values, quantiles, layout), two = estimate_quantiles(values, quantiles, layout);
  EXPECT_EQ((*one)[0].low, (*two)[0].low);
  EXPECT_EQ((*one)[0].error, (*two)[0].error);
}

TEST(Estimate, OneBatchSaysNothing) {
  Layout layout;
  const auto values = dependent_values(1, 20, 3, layout);
  EXPECT_FALSE(estimate_mean(values, layout).has_value());
  EXPECT_FALSE(estimate_quantiles(values, std::vector<double>{0.5}, layout).has_value());
}

}  // namespace
}  // namespace kerf::eval
