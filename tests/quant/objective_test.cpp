#include "quant/objective.h"

#include <array>

#include <gtest/gtest.h>

#include "quant/sources.h"
#include "tests/support/op_runner.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;

constexpr std::int64_t kCols = 7, kTokens = 40;

Statistics seen_of(const Tensor& x, const std::vector<std::string>& observers) {
  Statistics seen(x.dim(1), observers);
  seen.observe(x.data<float>(), x.dim(0));
  return seen;
}

/// Sum over tokens of ||A r - B x||^2, by its definition.
double squared(const Tensor& a, const Tensor& r, const Tensor& b, const Tensor& x) {
  double sum = 0;
  for (std::int64_t t = 0; t < x.dim(0); ++t) {
    for (std::int64_t row = 0; row < a.dim(0); ++row) {
      double out = 0;
      for (std::int64_t c = 0; c < kCols; ++c) {
        out +=
            static_cast<double>(a.data<float>()[row * kCols + c]) *
                static_cast<double>(r.data<float>()[t * kCols + c]) -
            static_cast<double>(b.data<float>()[row * kCols + c]) * static_cast<double>(x.data<float>()[t * kCols + c]);
      }
      sum += out * out;
    }
  }
  return sum;
}

TEST(Objective, IsTheOutputErrorByItsDefinition) {
  const Tensor w = test::random_normal({3, kCols}, 1), v = test::random_normal({3, kCols}, 2),
               x = test::random_normal({kTokens, kCols}, 3), zero = Tensor::zeros(DType::kF32, {3, kCols});
  const Statistics seen = seen_of(x, {"outer_product"});
  const auto errors = Objective(seen).measure(w, std::array{v, w, zero});
  EXPECT_NEAR(errors[0].relative, squared(w, x, v, x) / squared(w, x, zero, x), 1e-5);
  EXPECT_EQ(errors[0].against_reference, errors[0].relative);
  EXPECT_EQ(errors[1].relative, 0);
  EXPECT_NEAR(errors[2].relative, 1, 1e-6);
}

/// Two approximations differ by what they differ in when each is held against the reference's output.
TEST(Objective, AgainstTheReferenceUpToAConstant) {
  const Tensor w = test::random_normal({3, kCols}, 1), v = test::random_normal({3, kCols}, 2),
               u = test::random_normal({3, kCols}, 5), x = test::random_normal({kTokens, kCols}, 3),
               r = test::random_normal({kTokens, kCols}, 4), zero = Tensor::zeros(DType::kF32, {3, kCols});
  Statistics seen = seen_of(x, {"outer_product"});
  seen.observe_drift(r.data<float>(), x.data<float>(), kTokens);
  const auto errors = Objective(seen).measure(w, std::array{v, u});
  const double whole = squared(w, x, zero, x);
  EXPECT_NEAR(errors[0].against_reference - errors[1].against_reference,
              (squared(w, r, v, x) - squared(w, r, u, x)) / whole, 1e-4);
  EXPECT_GT(std::abs(errors[0].against_reference - errors[0].relative), 1e-2);
}

TEST(Objective, OfSumsOfSquaresIsThatOfTheDiagonal) {
  const Tensor w = test::random_normal({3, kCols}, 1), v = test::random_normal({3, kCols}, 2),
               x = test::random_normal({kTokens, kCols}, 3);
  const Statistics seen = seen_of(x, {"sum_squares"});
  double off = 0, whole = 0;
  for (std::int64_t i = 0; i < w.size(); ++i) {
    const double h = seen.state("sum_squares").data<double>()[i % kCols];
    const double e = static_cast<double>(w.data<float>()[i]) - static_cast<double>(v.data<float>()[i]);
    off += h * e * e;
    whole += h * static_cast<double>(w.data<float>()[i]) * static_cast<double>(w.data<float>()[i]);
  }
  EXPECT_NEAR(Objective(seen).measure(w, {&v, 1}).front().relative, off / whole, 1e-6);
  EXPECT_FALSE(Objective::measurable(Statistics(kCols, {"sum_squares"})));
}

TEST(RowSample, IsEvenlySpacedAndAllOfAPerTensorScheme) {
  const Tensor w = test::random_normal({500, 32}, 1);
  const auto sample = sample_rows(w, codec::parse_scheme("int4-g32"));
  ASSERT_EQ(sample.rows.size(), 128U);
  EXPECT_EQ(sample.rows[1], 3);
  EXPECT_EQ(sample.weights.data<float>()[32], w.data<float>()[3 * 32]);
  EXPECT_EQ(sample_rows(w, codec::parse_scheme("int8-tensor")).rows.size(), 500U);
  // Rows are rounded by themselves: those of the sample alone are those of the whole.
  const auto scheme = codec::parse_scheme("int4-g32");
  const auto whole = round_to_nearest(w, scheme, "w"), part = round_to_nearest(sample.weights, scheme, "w");
  Tensor values(DType::kF32, sample.weights.shape());
  codec::dequantize_rows(part, 0, part.rows, values.data<float>());
  EXPECT_TRUE(test::same_bits(sample.of(whole), values));
}

TEST(NumericalRank, CountsChannelsThatAreNoCombinations) {
  // 3 independent channels, a copy, a difference, a dead one.
  const Tensor base = test::random_normal({kTokens, 3}, 3);
  Tensor x = Tensor::zeros(DType::kF32, {kTokens, 6});
  for (std::int64_t t = 0; t < kTokens; ++t) {
    const float* const b = base.data<float>() + t * 3;
    float* const row = x.data<float>() + t * 6;
    row[0] = b[0], row[1] = 100 * b[1], row[2] = b[2], row[3] = b[0], row[4] = b[0] - b[2];
  }
  EXPECT_EQ(numerical_rank(seen_of(x, {"outer_product"})), 3);
  EXPECT_EQ(numerical_rank(seen_of(base, {"outer_product"})), 3);
  EXPECT_EQ(numerical_rank(seen_of(base, {"sum_squares"})), -1);
  // Fewer tokens than channels.
  EXPECT_EQ(numerical_rank(seen_of(test::random_normal({4, 16}, 9), {"outer_product"})), 4);
}

}  // namespace
}  // namespace kerf::quant
