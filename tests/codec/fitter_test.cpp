// What holds for the parameters of every scheme with codes, by range and by search.
#include "codec/fitter.h"

#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "tests/codec/quantize.h"

namespace kerf::codec {
namespace {

double weighted_error(const QuantizedTensor& tensor, const std::vector<float>& weights,
                      std::span<const float> importance = {}) {
  const std::vector<float> values = dequantize(tensor);
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double error = static_cast<double>(weights[i]) - static_cast<double>(values[i]);
    sum += error * error *
           (importance.empty() ? 1.0 : static_cast<double>(importance[i % static_cast<std::size_t>(tensor.cols)]));
  }
  return sum;
}

/// Columns that matter very differently, as inputs of trained models do.
std::vector<float> random_importance(std::int64_t cols) {
  Random random(21);
  std::vector<float> importance(static_cast<std::size_t>(cols));
  for (float& value : importance) value = static_cast<float>(std::exp(4 * random.uniform() - 2));
  return importance;
}

class EveryFitter : public testing::TestWithParam<std::string> {
 protected:
  Scheme scheme() const { return parse_scheme(GetParam()); }
};

TEST_P(EveryFitter, SearchIsNeverWorseThanRange) {
  for (const std::int64_t cols : {32, 256, 700}) {
    const std::vector<float> weights = random_weights(3, 6 * cols), importance = random_importance(cols);
    for (const std::span<const float> weighted : {std::span<const float>(), std::span<const float>(importance)}) {
      if (scheme().granularity == Granularity::kTensor && !weighted.empty()) continue;
      const double by_range = weighted_error(quantize(scheme(), 6, cols, weights), weights, weighted);
      const double by_search =
          weighted_error(quantize(scheme(), 6, cols, weights, FitRule::kSearch, weighted), weights, weighted);
      EXPECT_LE(by_search, by_range * 1.000001) << cols;
    }
  }
}

TEST_P(EveryFitter, ImportanceLowersTheWeightedError) {
  if (scheme().granularity == Granularity::kTensor || scheme().bits > 4) GTEST_SKIP() << "little to choose";
  const std::int64_t cols = 512;
  const std::vector<float> weights = random_weights(5, 16 * cols), importance = random_importance(cols);
  const double without = weighted_error(quantize(scheme(), 16, cols, weights, FitRule::kSearch), weights, importance);
  const double with =
      weighted_error(quantize(scheme(), 16, cols, weights, FitRule::kSearch, importance), weights, importance);
  // Powers of two leave hardly a choice.
  EXPECT_LT(with, scheme().scale_dtype == DType::kE8M0 ? without * 1.000001 : 0.99 * without);
}

TEST_P(EveryFitter, WhatIsStoredIsExact) {
  const QuantizedTensor tensor = quantize(scheme(), 3, 700, random_weights(6, 2100), FitRule::kSearch);
  for (const std::uint8_t code : tensor.codes) ASSERT_LT(code, 1 << scheme().bits);
  const auto expect_exact = [&](const std::vector<float>& values) {
    const float unit = tensor.scheme.unit.value;
    for (const float value : values) ASSERT_EQ(round_to(scheme().scale_dtype, value / unit) * unit, value);
  };
  if (scheme().has_super_blocks()) {
    expect_exact(tensor.super_scales);
    expect_exact(tensor.super_minima);
    QuantizedTensor again = tensor;
    for (std::int64_t row = 0; row < 3; ++row) {
      for (std::int64_t col = 0; col < 700; col += 256) again.expand_super_block(row, col);
    }
    EXPECT_EQ(again.scales, tensor.scales);
    EXPECT_EQ(again.minima, tensor.minima);
  } else {
    expect_exact(tensor.scales);
    expect_exact(tensor.minima);
  }
}

TEST_P(EveryFitter, DequantizingGivesWhatTheGridDecodes) {
  const QuantizedTensor tensor = quantize(scheme(), 3, 300, random_weights(8, 900));
  const auto grid = make_grid(scheme());
  const std::vector<float> values = dequantize(tensor);
  for (std::int64_t row = 0; row < 3; ++row) {
    for (std::int64_t col = 0; col < 300; ++col) {
      const auto at = static_cast<std::size_t>(row * 300 + col);
      const float decoded = grid->decode(tensor.codes[at], get_params(tensor, tensor.group_index(row, col)));
      ASSERT_EQ(std::bit_cast<std::uint32_t>(values[at]), std::bit_cast<std::uint32_t>(decoded));
    }
  }
}

TEST_P(EveryFitter, EveryCodeIsTheNearest) {
  const auto grid = make_grid(scheme());
  const QuantizedTensor tensor = quantize(scheme(), 1, 256, random_weights(9, 256));
  const std::vector<float> weights = random_weights(9, 256);
  for (std::int64_t col = 0; col < 256; ++col) {
    const GroupParams params = get_params(tensor, tensor.group_index(0, col));
    const float weight = weights[static_cast<std::size_t>(col)];
    const auto error = [&](int code) {
      return std::abs(static_cast<double>(weight) -
                      static_cast<double>(grid->decode(static_cast<std::uint8_t>(code), params)));
    };
    double least = std::numeric_limits<double>::infinity();
    // Symmetric integers of 8 bits leave out code 0.
    for (int code = grid->highest_code() == 255 ? 1 : 0; code <= grid->highest_code(); ++code) {
      if (!std::isnan(error(code))) least = std::min(least, error(code));
    }
    EXPECT_LE(error(tensor.codes[static_cast<std::size_t>(col)]), least * 1.00001 + 1e-12) << col;
  }
}

TEST_P(EveryFitter, ZerosStayZeros) {
  for (const FitRule rule : {FitRule::kRange, FitRule::kSearch}) {
    const std::vector<float> zeros(512);
    for (const float value : dequantize(quantize(scheme(), 1, 512, zeros, rule))) ASSERT_EQ(value, 0);
    // Beside a group that has something.
    std::vector<float> half(512);
    for (std::size_t i = 256; i < 512; ++i) half[i] = i % 2 == 0 ? 0.5F : -0.25F;
    const std::vector<float> values = dequantize(quantize(scheme(), 1, 512, half, rule));
    for (const float value : values) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST_P(EveryFitter, WhatIsNotFiniteIsRefused) {
  const auto fitter = make_fitter(scheme(), FitRule::kSearch);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    std::vector<float> values(64, 0.5F);
    values[40] = bad;
    QuantizedTensor tensor = make_quantized(scheme(), 1, 64);
    bool fits = true;
    const auto width = static_cast<std::size_t>(std::min<std::int64_t>(fitter->width(64), 64));
    for (std::size_t col = 0; col < 64; col += width) {
      const auto part = std::span<const float>(values).subspan(col, std::min(width, 64 - col));
      fits = fitter->fit(part, {}, tensor, 0, static_cast<std::int64_t>(col)) && fits;
    }
    EXPECT_FALSE(fits) << bad;
    for (const float scale : tensor.scales) EXPECT_TRUE(std::isfinite(scale));
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, EveryFitter, testing::ValuesIn(quantized_scheme_names()),
                         [](const auto& tested) { return test_name(tested.param); });

TEST(Fitter, TheMxRuleTakesTheExponentOfTheLargestMagnitude) {
  // OCP Microscaling Formats 1.0, section 6.3: floor(log2(5)) - 2 = 0, and 5 is then rounded to an even code: 4.
  const QuantizedTensor tensor = quantize(parse_scheme("mxfp4"), 1, 32, [] {
    std::vector<float> values(32);
    values[0] = 5;
    values[1] = -1.25F;
    values[2] = 0.75F;
    return values;
  }());
  EXPECT_EQ(tensor.scales[0], 1);
  const std::vector<float> values = dequantize(tensor);
  EXPECT_EQ(values[0], 4);
  EXPECT_EQ(values[1], -1);
  EXPECT_EQ(values[2], 1);
}

TEST(Fitter, ExtremeValuesGetTheExtremeLevel) {
  // ggml's table goes from -127 to 113, so the scale has the sign that puts the extreme value on -127.
  const QuantizedTensor tensor = quantize(parse_scheme("iq4_nl"), 1, 2, {1.27F, -0.5F});
  EXPECT_NEAR(tensor.scales[0], -0.01F, 1e-5F);
  EXPECT_EQ(tensor.codes[0], 0);
}

}  // namespace
}  // namespace kerf::codec
