#include "ops/math.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace kerf::ops {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");

/// The largest error of `function` on [low, high] in units in the last place of the exact f32 result, over every 1511th
/// float; `exact` in long double. Results beyond f32 must be infinite.
template <typename Function, typename Exact>
double worst_ulp(Function function, Exact exact, float low, float high) {
  double worst = 0;
  for (const float end : {low, high}) {
    const auto last = std::bit_cast<std::uint32_t>(end), sign = last & 0x80000000U;
    for (std::uint32_t bits = sign; bits <= last; bits += 1511) {
      const auto x = std::bit_cast<float>(bits);
      const long double wanted = exact(static_cast<long double>(x));
      const float found = function(x);
      if (std::abs(wanted) > std::numeric_limits<float>::max()) {
        if (!std::isinf(found)) return 1e9;
        continue;
      }
      // Subnormal results have the spacing of the smallest normal number.
      int exponent = 0;
      std::frexp(std::max(std::abs(wanted), 0x1p-126L), &exponent);
      const long double error = std::abs(static_cast<long double>(found) - wanted) / std::ldexp(1.0L, exponent - 24);
      worst = std::max(worst, static_cast<double>(error));
    }
  }
  return worst;
}

// Each bound is what was measured, rounded up; the lower bounds show that the measure sees errors at all.

TEST(Math, Exp) {
  const double worst = worst_ulp(
      exp_f32, [](long double x) { return std::exp(x); }, -120, 100);
  EXPECT_LT(worst, 1.0);
  EXPECT_GT(worst, 0.5);
  EXPECT_EQ(exp_f32(0), 1);
  EXPECT_EQ(exp_f32(kInfinity), kInfinity);
  EXPECT_EQ(exp_f32(-kInfinity), 0);
  EXPECT_TRUE(std::isnan(exp_f32(kNan)));
}

TEST(Math, Sigmoid) {
  const double worst = worst_ulp(
      sigmoid_f32, [](long double x) { return 1 / (1 + std::exp(-x)); }, -110, 110);
  EXPECT_LT(worst, 2.5);
  EXPECT_GT(worst, 0.5);
  EXPECT_EQ(sigmoid_f32(0), 0.5F);
  EXPECT_EQ(sigmoid_f32(kInfinity), 1);
  EXPECT_EQ(sigmoid_f32(-kInfinity), 0);
  EXPECT_TRUE(std::isnan(sigmoid_f32(kNan)));
}

TEST(Math, Tanh) {
  const double worst = worst_ulp(
      tanh_f32, [](long double x) { return std::tanh(x); }, -120, 120);
  EXPECT_LT(worst, 1.5);
  EXPECT_GT(worst, 0.5);
  EXPECT_EQ(tanh_f32(kInfinity), 1);
  EXPECT_EQ(tanh_f32(-kInfinity), -1);
  EXPECT_TRUE(std::signbit(tanh_f32(-0.0F)));
  EXPECT_TRUE(std::isnan(tanh_f32(kNan)));
}

TEST(Math, Erf) {
  const double worst = worst_ulp(
      erf_f32, [](long double x) { return std::erf(x); }, -12, 12);
  EXPECT_LT(worst, 1.5);
  EXPECT_GT(worst, 0.5);
  EXPECT_EQ(erf_f32(kInfinity), 1);
  EXPECT_EQ(erf_f32(-kInfinity), -1);
  EXPECT_TRUE(std::signbit(erf_f32(-0.0F)));
  EXPECT_TRUE(std::isnan(erf_f32(kNan)));
}

TEST(Math, SineAndCosine) {
  // Up to and beyond the limit from which the standard library answers.
  EXPECT_LT(worst_ulp(
                sin_f32, [](long double x) { return std::sin(x); }, -4e6F, 4e6F),
            0.51);
  EXPECT_LT(worst_ulp(
                cos_f32, [](long double x) { return std::cos(x); }, -4e6F, 4e6F),
            0.51);
  EXPECT_EQ(sin_f32(0), 0);
  EXPECT_EQ(cos_f32(0), 1);
  EXPECT_TRUE(std::isnan(sin_f32(kInfinity)));
  EXPECT_TRUE(std::isnan(cos_f32(kNan)));
}

TEST(Math, PowersOfTwo) {
  for (std::int32_t n = -126; n <= 127; ++n) EXPECT_EQ(exp2_integer(n), std::ldexp(1.0F, n));
}

/// A loop that the compiler turns into vector code gives the bits of single calls.
TEST(Math, VectorCodeGivesTheSameBits) {
  constexpr int kCount = 1003;
  float x[kCount], e[kCount], t[kCount], g[kCount];
  for (int i = 0; i < kCount; ++i) x[i] = static_cast<float>(i - 500) * 0.037F;
#pragma omp simd
  for (int i = 0; i < kCount; ++i) {
    e[i] = exp_f32(x[i]);
    t[i] = tanh_f32(x[i]);
    g[i] = erf_f32(x[i]);
  }
  for (int i = 0; i < kCount; ++i) {
    volatile float single = x[i];
    EXPECT_EQ(e[i], exp_f32(single));
    EXPECT_EQ(t[i], tanh_f32(single));
    EXPECT_EQ(g[i], erf_f32(single));
  }
}

}  // namespace
}  // namespace kerf::ops
