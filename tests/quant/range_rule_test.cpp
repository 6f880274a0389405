#include "quant/range_rule.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;
using test::expect_error;

Statistics seen(const Tensor& x, const std::string& rule) {
  Statistics statistics(x.dim(1), parse_range(rule).rule->observers);
  statistics.observe(x.data<float>(), x.dim(0));
  return statistics;
}

codec::ValueRange range_of(const Tensor& x, const std::string& rule, const std::string& scheme = "int8-static") {
  const RangeChoice choice = parse_range(rule);
  return choice.rule->choose(seen(x, rule), codec::parse_activation_scheme(scheme), choice);
}

/// Normal values of which one in a thousand is `factor` times as large.
Tensor with_outliers(float factor) {
  Tensor x = test::random_normal({500, 40}, 1);
  for (std::int64_t i = 0; i < x.size(); i += 1000) x.data<float>()[i] *= factor;
  return x;
}

double squared_error(const Tensor& x, const codec::ValueRange& range, const std::string& scheme = "int8-static") {
  Tensor rounded = x.clone();
  codec::make_static_quantizer(codec::parse_activation_scheme(scheme), range)
      ->round(rounded.data<float>(), x.dim(0), x.dim(1));
  double sum = 0;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double e = static_cast<double>(rounded.data<float>()[i]) - static_cast<double>(x.data<float>()[i]);
    sum += e * e;
  }
  return sum;
}

TEST(RangeRule, NamesAreParsed) {
  EXPECT_EQ(parse_range("").rule->name, "mse");
  EXPECT_EQ(parse_range("Min-Max").rule->name, "min-max");
  EXPECT_EQ(parse_range("percentile").percentile, 99.99);
  EXPECT_EQ(parse_range("percentile-99.5").percentile, 99.5);
  EXPECT_EQ(parse_range("percentile-99.5").name(), "percentile-99.5");
  expect_error(ErrorCode::kUsage, "no range rule 'mea'", [] { parse_range("mea"); });
  for (const char* name : {"percentile-101", "percentile-50", "percentile-x", "percentile-", "percentile-nan"}) {
    expect_error(ErrorCode::kUsage, "above 50, at most 100", [&] { parse_range(name); });
  }
}

TEST(RangeRule, MinMaxIsWhatWasSeen) {
  const Tensor x = with_outliers(30);
  const auto range = range_of(x, "min-max");
  const auto [low, high] = std::minmax_element(x.values<float>().begin(), x.values<float>().end());
  EXPECT_EQ(range.low, *low);
  EXPECT_EQ(range.high, *high);
}

TEST(RangeRule, APercentileLeavesOutTheRest) {
  const Tensor x = with_outliers(30);
  for (const double percent : {90.0, 99.0, 99.8}) {
    const std::string rule = "percentile-" + std::to_string(percent);
    const auto symmetric = range_of(x, rule);
    const float limit = std::max(symmetric.high, -symmetric.low);
    const auto inside = std::count_if(x.values<float>().begin(), x.values<float>().end(),
                                      [&](float v) { return std::abs(v) <= limit; });
    EXPECT_NEAR(100.0 * static_cast<double>(inside) / static_cast<double>(x.size()), percent, 0.35) << percent;
    const auto asymmetric = range_of(x, rule, "int8-static-asym");
    const auto above =
        std::count_if(x.values<float>().begin(), x.values<float>().end(), [&](float v) { return v > asymmetric.high; });
    EXPECT_NEAR(100.0 * static_cast<double>(above) / static_cast<double>(x.size()), (100 - percent) / 2, 0.2);
  }
  const auto all = range_of(x, "percentile-100"), seen_range = range_of(x, "min-max");
  EXPECT_EQ(all.low, seen_range.low);
  EXPECT_EQ(all.high, seen_range.high);
}

/// Values on one side only: nothing of the range is left for the other.
TEST(RangeRule, OneSidedValuesGetAOneSidedRange) {
  Tensor x = with_outliers(5);
  for (float& value : x.values<float>()) value = std::abs(value);
  for (const RangeRule* rule : range_rules()) {
    const auto range = range_of(x, std::string(rule->name), "int8-static-asym");
    EXPECT_GE(range.low, rule->name == "moving-average" ? 0 : -0.0F) << rule->name;
    EXPECT_GT(range.high, 1) << rule->name;
  }
}

TEST(RangeRule, MseIsBetterThanTheOthersAndNearTheBest) {
  for (const char* scheme : {"int8-static", "int8-static-asym", "int4-static", "f8_e4m3-static"}) {
    const Tensor x = with_outliers(40);
    const auto best = range_of(x, "mse", scheme);
    const double error = squared_error(x, best, scheme);
    for (const char* other : {"min-max", "percentile-99.9", "percentile-99"}) {
      EXPECT_LE(error, 1.02 * squared_error(x, range_of(x, other, scheme), scheme)) << scheme << " " << other;
    }
    for (int i = 1; i < 200; ++i) {
      const float share = 0.005F * static_cast<float>(i);
      const auto seen_range = range_of(x, "min-max");
      EXPECT_LE(error, 1.05 * squared_error(x, {seen_range.low * share, seen_range.high * share}, scheme)) << scheme;
    }
  }
}

/// Without outliers the whole range is worth having; far outliers are cut off.
TEST(RangeRule, EntropyCutsOffWhatIsFarAway) {
  const Tensor plain = test::random_normal({500, 40}, 1), far = with_outliers(100);
  const auto near_all = range_of(plain, "entropy");
  EXPECT_GT(std::max(near_all.high, -near_all.low), 2.5F);
  const auto cut = range_of(far, "entropy"), seen_range = range_of(far, "min-max");
  EXPECT_LT(std::max(cut.high, -cut.low), 0.2F * std::max(seen_range.high, -seen_range.low));
  expect_error(ErrorCode::kUsage, "f8_e4m3-static has not", [&] { range_of(plain, "entropy", "f8_e4m3-static"); });
}

TEST(RangeRule, NothingSeenIsAnEmptyRange) {
  const Tensor zeros = Tensor::zeros(DType::kF32, {10, 4});
  for (const RangeRule* rule : range_rules()) {
    for (const char* scheme : {"int8-static", "int8-static-asym"}) {
      const auto range = range_of(zeros, std::string(rule->name), scheme);
      EXPECT_EQ(range.low, 0) << rule->name;
      EXPECT_EQ(range.high, 0) << rule->name;
    }
  }
}

TEST(RangeRule, TwoTextsMergedGiveTheRangeOfBoth) {
  const Tensor x = with_outliers(20);
  const std::int64_t half = x.dim(0) / 2;
  for (const RangeRule* rule : range_rules()) {
    Statistics first(40, rule->observers), second(40, rule->observers), whole(40, rule->observers);
    first.observe(x.data<float>(), half);
    second.observe(x.data<float>() + half * 40, half);
    whole.observe(x.data<float>(), half);
    whole.observe(x.data<float>() + half * 40, half);
    first.merge(second);
    const RangeChoice choice = parse_range(rule->name);
    const auto scheme = codec::parse_activation_scheme("int8-static");
    const auto a = rule->choose(first, scheme, choice), b = rule->choose(whole, scheme, choice);
    EXPECT_FLOAT_EQ(a.low, b.low) << rule->name;
    EXPECT_FLOAT_EQ(a.high, b.high) << rule->name;
  }
}

}  // namespace
}  // namespace kerf::quant
