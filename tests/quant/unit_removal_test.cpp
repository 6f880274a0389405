#include "quant/unit_removal.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "quant/hessian.h"
#include "tests/quant/correlated.h"
#include "tests/support/op_runner.h"
#include "tests/support/thread_setting.h"

namespace kerf::quant {
namespace {

Reduction reduction_of(std::int64_t units, std::int64_t kept, std::int64_t width) {
  Reduction reduction;
  reduction.units = units;
  reduction.kept = kept;
  reduction.width = width;
  return reduction;
}

TEST(UnitRemoval, WhatStaysIsTheLeastSquaresSolution) {
  for (const auto& [units, kept, width] : {std::tuple{24, 15, 1}, {6, 4, 4}, {70, 9, 1}}) {
    const std::int64_t cols = units * width, rows = 5;
    const Tensor weights = test::random_normal({rows, cols}, 1);
    const auto seen = observed(uneven_inputs(1500, cols, 2), {"outer_product"});
    const Reduction reduction = reduction_of(units, kept, width);
    const UnitRemoval removal = remove_units(weights, reduction, seen, 0.01);
    ASSERT_EQ(std::ssize(removal.units_kept), kept);
    EXPECT_TRUE(std::is_sorted(removal.units_kept.begin(), removal.units_kept.end()));
    const auto columns = reduction.columns(removal.units_kept);
    ASSERT_EQ(removal.weights.shape(), (Shape{rows, kept * width}));
    const HessianFactor factor(seen, 0.01, false);
    for (std::int64_t r = 0; r < rows; ++r) {
      const auto expected = least_squares(factor.damped(), weights.data<float>() + r * cols, columns);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        EXPECT_NEAR(removal.weights.data<float>()[r * std::ssize(columns) + static_cast<std::int64_t>(i)], expected[i],
                    1e-3);
      }
    }
  }
}

TEST(UnitRemoval, TakesTheUnitThatIsMissedLeast) {
  // By trying each: the error of the least squares solution without it.
  constexpr std::int64_t kUnits = 7, kWidth = 3, kCols = kUnits * kWidth, kRows = 4;
  const Tensor weights = test::random_normal({kRows, kCols}, 3), x = uneven_inputs(1500, kCols, 4);
  const auto seen = observed(x, {"outer_product"});
  const HessianFactor factor(seen, 0.0, false);
  std::vector<double> errors;
  for (std::int64_t without = 0; without < kUnits; ++without) {
    std::vector<std::int64_t> columns;
    for (std::int64_t c = 0; c < kCols; ++c) {
      if (c / kWidth != without) columns.push_back(c);
    }
    Tensor values = Tensor::zeros(DType::kF32, {kRows, kCols});
    for (std::int64_t r = 0; r < kRows; ++r) {
      const auto solution = least_squares(factor.damped(), weights.data<float>() + r * kCols, columns);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        values.data<float>()[r * kCols + columns[i]] = static_cast<float>(solution[i]);
      }
    }
    errors.push_back(output_error(weights, values, x));
  }
  const auto removal = remove_units(weights, reduction_of(kUnits, kUnits - 1, kWidth), seen, 0.0);
  const auto best = std::min_element(errors.begin(), errors.end()) - errors.begin();
  for (const std::int64_t unit : removal.units_kept) EXPECT_NE(unit, best);
}

TEST(UnitRemoval, ACopyIsRemovedOnceAndMadeUpForWhole) {
  // Channels 0 and 1 are the same: one goes, the other takes its weight, and nothing is lost.
  Tensor x = uneven_inputs(500, 4, 5);
  for (std::int64_t t = 0; t < 500; ++t) x.data<float>()[t * 4 + 1] = x.data<float>()[t * 4];
  const std::vector<float> values{1, 2, 3, 4};
  const Tensor weights = Tensor::from<float>({1, 4}, values);
  const auto removal = remove_units(weights, reduction_of(4, 3, 1), observed(x, {"outer_product"}), 1e-6);
  EXPECT_EQ(removal.units_kept.size(), 3U);
  EXPECT_NEAR(removal.weights.data<float>()[0], 3.0, 0.15);
  EXPECT_NEAR(removal.weights.data<float>()[1], 3.0, 0.15);
  EXPECT_NEAR(removal.weights.data<float>()[2], 4.0, 0.15);
}

TEST(UnitRemoval, WithoutAnythingKnownTheSmallestGo) {
  const std::vector<float> values{3, -1, 2, 5};
  const Tensor weights = Tensor::from<float>({1, 4}, values);
  const auto seen = observed(Tensor::zeros(DType::kF32, {9, 4}), {"outer_product"});
  const auto removal = remove_units(weights, reduction_of(4, 2, 1), seen, 0.01);
  EXPECT_EQ(removal.units_kept, (std::vector<std::int64_t>{0, 3}));
  EXPECT_EQ(removal.weights.data<float>()[1], 5.0f);
  EXPECT_NE(removal.note.find("every input was zero"), std::string::npos);
}

TEST(UnitRemoval, SameBitsForAnyNumberOfThreads) {
  const Tensor weights = test::random_normal({33, 300}, 6);
  const auto seen = observed(uneven_inputs(900, 300, 7), {"outer_product"});
  std::vector<Tensor> results;
  for (const int threads : {1, 2, 5}) {
    const test::ThreadSetting setting(threads);
    results.push_back(remove_units(weights, reduction_of(300, 200, 1), seen, 0.01).weights);
  }
  EXPECT_TRUE(test::same_bits(results[0], results[1]));
  EXPECT_TRUE(test::same_bits(results[0], results[2]));
}

TEST(UnitRemoval, StatisticsOfSomeChannelsAreThoseObserved) {
  const Tensor x = uneven_inputs(300, 600, 8);
  const std::vector<std::int64_t> channels{0, 3, 255, 256, 300, 511, 512, 599};
  Tensor part(DType::kF32, {300, std::ssize(channels)});
  for (std::int64_t t = 0; t < 300; ++t) {
    for (std::size_t c = 0; c < channels.size(); ++c) {
      part.data<float>()[t * std::ssize(channels) + static_cast<std::int64_t>(c)] =
          x.data<float>()[t * 600 + channels[c]];
    }
  }
  const auto found = channels_of(observed(x, {"outer_product", "sum_squares"}), channels);
  const auto expected = observed(part, {"outer_product", "sum_squares"});
  EXPECT_EQ(found.tokens(), 300);
  EXPECT_EQ(found.cols(), std::ssize(channels));
  for (std::int64_t i = 0; i < std::ssize(channels); ++i) {
    EXPECT_NEAR(found.state("sum_squares").data<double>()[i], expected.state("sum_squares").data<double>()[i], 1e-6);
    for (std::int64_t j = 0; j <= i; ++j) {
      const auto at = i * std::ssize(channels) + j;
      EXPECT_NEAR(found.state("outer_product").data<float>()[at], expected.state("outer_product").data<float>()[at],
                  1e-2);
    }
  }
}

}  // namespace
}  // namespace kerf::quant
