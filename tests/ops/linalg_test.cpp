#include "ops/linalg.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "core/threads.h"
#include "tests/support/op_runner.h"
#include "tests/support/thread_setting.h"

namespace kerf::ops::linalg {
namespace {

std::vector<float> normal(std::int64_t count, std::uint64_t seed) {
  const Tensor tensor = test::random_tensor({count}, seed);
  return {tensor.values<float>().begin(), tensor.values<float>().end()};
}

std::vector<float> multiply(const PackedMatrix& matrix, const float* x, std::int64_t rows, const float* bias) {
  // What a kernel leaves unwritten shows as NaN.
  std::vector<float> y(static_cast<std::size_t>(rows * matrix.out_features()), std::nanf(""));
  matrix.multiply(x, rows, bias, y.data());
  return y;
}

bool equal_bits(const float* a, const float* b, std::size_t count) {
  return std::memcmp(a, b, count * sizeof(float)) == 0;
}

/// Sums of `terms` products of unit normal numbers, in f32: each rounding is at most 2^-24 of a partial sum of size
/// sqrt(terms), and their errors add up like a random walk; 8 standard deviations.
double tolerance(std::int64_t terms) { return 8 * std::ldexp(1.0, -24) * static_cast<double>(terms) + 1e-7; }

using Sizes = std::tuple<std::int64_t, std::int64_t, std::int64_t>;  // rows, out, in

class PackedMatrixSizes : public testing::TestWithParam<Sizes> {};

TEST_P(PackedMatrixSizes, MultiplyIsTheSumOfProducts) {
  const auto [rows, out, in] = GetParam();
  const auto w = normal(out * in, 1), x = normal(rows * in, 2), bias = normal(out, 3);
  const auto matrix = PackedMatrix::pack(w.data(), out, in);
  EXPECT_EQ(matrix->out_features(), out);
  EXPECT_EQ(matrix->in_features(), in);
  for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
    const auto y = multiply(*matrix, x.data(), rows, b);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t o = 0; o < out; ++o) {
        double sum = b == nullptr ? 0 : static_cast<double>(b[o]);
        for (std::int64_t i = 0; i < in; ++i) {
          sum += static_cast<double>(x[static_cast<std::size_t>(r * in + i)]) *
                 static_cast<double>(w[static_cast<std::size_t>(o * in + i)]);
        }
        ASSERT_NEAR(y[static_cast<std::size_t>(r * out + o)], sum, tolerance(in)) << r << ", " << o;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, PackedMatrixSizes,
                         testing::Values(Sizes{1, 1, 1}, Sizes{1, 64, 64}, Sizes{2, 3, 5}, Sizes{3, 17, 100},
                                         Sizes{16, 160, 64}, Sizes{31, 48, 77}, Sizes{255, 33, 40}, Sizes{256, 64, 16},
                                         Sizes{300, 65, 129}, Sizes{600, 20, 96}));

TEST(PackedMatrix, PacksOnceAndForgetsTheSource) {
  auto w = normal(64 * 32, 1);
  const auto x = normal(4 * 32, 2);
  const auto matrix = PackedMatrix::pack(w.data(), 64, 32);
  const auto before = multiply(*matrix, x.data(), 4, nullptr);
  std::fill(w.begin(), w.end(), 0.0F);
  EXPECT_EQ(multiply(*matrix, x.data(), 4, nullptr), before);
  EXPECT_GE(matrix->bytes(), 64 * 32 * sizeof(float));
}

TEST(PackedMatrix, EmptySizes) {
  const float bias[] = {1, 2, 3};
  EXPECT_EQ(multiply(*PackedMatrix::pack(nullptr, 3, 0), nullptr, 2, bias), (std::vector<float>{1, 2, 3, 1, 2, 3}));
  EXPECT_EQ(multiply(*PackedMatrix::pack(nullptr, 2, 0), nullptr, 1, nullptr), (std::vector<float>{0, 0}));
  EXPECT_TRUE(multiply(*PackedMatrix::pack(nullptr, 0, 3), bias, 1, nullptr).empty());
  EXPECT_TRUE(multiply(*PackedMatrix::pack(bias, 1, 3), nullptr, 0, nullptr).empty());
}

/// The sweep groups windows as memory allows, and the head runs on parts of them: a row must not feel it.
TEST(PackedMatrix, ARowHasTheSameBitsInAnyCompany) {
  for (const auto& [out, in] : {std::pair<std::int64_t, std::int64_t>{192, 64}, {100, 77}, {1536, 512}, {17, 1000}}) {
    constexpr std::int64_t kRows = 700;
    const auto w = normal(out * in, 1), x = normal(kRows * in, 2), bias = normal(out, 3);
    const auto matrix = PackedMatrix::pack(w.data(), out, in);
    const auto all = multiply(*matrix, x.data(), kRows, bias.data());
    for (const std::int64_t count : {1, 2, 3, 5, 8, 16, 24, 31, 48, 64, 127, 256, 257, 512}) {
      for (const std::int64_t first : {0, 1, 47, 130}) {
        const auto some = multiply(*matrix, x.data() + first * in, count, bias.data());
        ASSERT_TRUE(equal_bits(some.data(), all.data() + first * out, some.size()))
            << count << " rows from " << first << ", " << out << " x " << in;
      }
    }
  }
}

TEST(PackedMatrix, BitsDoNotDependOnThreads) {
  constexpr std::int64_t kRows = 1000, kOut = 200, kIn = 300;
  const auto w = normal(kOut * kIn, 1), x = normal(kRows * kIn, 2);
  const auto matrix = PackedMatrix::pack(w.data(), kOut, kIn);
  std::vector<float> expected;
  for (const int threads : {1, 2, 3, 8}) {
    const test::ThreadSetting setting(threads);
    const auto y = multiply(*matrix, x.data(), kRows, nullptr);
    if (expected.empty()) expected = y;
    EXPECT_TRUE(equal_bits(y.data(), expected.data(), y.size())) << threads << " threads";
  }
}

TEST(PackedMatrix, IsSharedByThreads) {
  constexpr std::int64_t kOut = 64, kIn = 96;
  const auto w = normal(kOut * kIn, 1), x = normal(64 * kIn, 2);
  const auto matrix = PackedMatrix::pack(w.data(), kOut, kIn);
  const auto expected = multiply(*matrix, x.data(), 64, nullptr);
  const test::ThreadSetting setting(4);
  std::vector<int> wrong(40, 0);
  // More row counts than kernels are kept, so that they are made and dropped meanwhile.
  parallel_for(40, [&](std::int64_t i) {
    const auto y = multiply(*matrix, x.data(), i + 1, nullptr);
    wrong[static_cast<std::size_t>(i)] = equal_bits(y.data(), expected.data(), y.size()) ? 0 : 1;
  });
  EXPECT_EQ(std::count(wrong.begin(), wrong.end(), 1), 0);
}

TEST(PackedMatrix, UnalignedRowsGiveTheSameBits) {
  constexpr std::int64_t kRows = 30, kOut = 40, kIn = 50;
  const auto w = normal(kOut * kIn, 1), x = normal(kRows * kIn, 2);
  std::vector<float> shifted(x.size() + 1), y(kRows * kOut + 3);
  std::copy(x.begin(), x.end(), shifted.begin() + 1);
  const auto matrix = PackedMatrix::pack(w.data(), kOut, kIn);
  const auto expected = multiply(*matrix, x.data(), kRows, nullptr);
  matrix->multiply(shifted.data() + 1, kRows, nullptr, y.data() + 3);
  EXPECT_TRUE(equal_bits(y.data() + 3, expected.data(), expected.size()));
}

struct GemmCase {
  bool transpose_a, transpose_b;
  std::int64_t m, n, k;
  float alpha, beta;
};

TEST(Gemm, IsTheDefinition) {
  for (const GemmCase& g : {GemmCase{false, false, 5, 7, 9, 1, 0}, GemmCase{true, false, 5, 7, 9, 0.5F, 0},
                            GemmCase{false, true, 5, 7, 9, 1, 1}, GemmCase{true, true, 33, 20, 50, -2, 0.25F},
                            GemmCase{false, true, 1, 128, 64, 1, 0}, GemmCase{false, false, 128, 64, 1, 1, 0},
                            GemmCase{true, false, 96, 96, 200, 2, 1}}) {
    // Leading dimensions beyond the row lengths, as for one head of several.
    const std::int64_t lda = (g.transpose_a ? g.m : g.k) + 3, ldb = (g.transpose_b ? g.k : g.n) + 5, ldc = g.n + 2;
    const auto a = normal((g.transpose_a ? g.k : g.m) * lda, 1), b = normal((g.transpose_b ? g.n : g.k) * ldb, 2);
    const auto before = normal(g.m * ldc, 3);
    auto c = before;
    gemm(g.transpose_a, g.transpose_b, g.m, g.n, g.k, g.alpha, a.data(), lda, b.data(), ldb, g.beta, c.data(), ldc);
    const auto at = [](const std::vector<float>& v, std::int64_t i) {
      return static_cast<double>(v[static_cast<std::size_t>(i)]);
    };
    for (std::int64_t i = 0; i < g.m; ++i) {
      for (std::int64_t j = 0; j < ldc; ++j) {
        if (j >= g.n) {
          EXPECT_EQ(at(c, i * ldc + j), at(before, i * ldc + j)) << "written outside";
          continue;
        }
        double sum = 0;
        for (std::int64_t p = 0; p < g.k; ++p) {
          sum += at(a, g.transpose_a ? p * lda + i : i * lda + p) * at(b, g.transpose_b ? j * ldb + p : p * ldb + j);
        }
        const double expected =
            static_cast<double>(g.alpha) * sum + static_cast<double>(g.beta) * at(before, i * ldc + j);
        EXPECT_NEAR(at(c, i * ldc + j), expected, 2 * tolerance(g.k)) << i << ", " << j;
      }
    }
  }
}

TEST(Gemm, EmptySizesAndUninitialisedResults) {
  float c[] = {std::nanf(""), 2};
  gemm(false, false, 1, 2, 0, 1, nullptr, 1, nullptr, 2, 0, c, 2);
  EXPECT_EQ(c[0], 0);
  EXPECT_EQ(c[1], 0);
  float d[] = {3, 2};
  gemm(false, false, 1, 2, 0, 1, nullptr, 1, nullptr, 2, 0.5F, d, 2);
  EXPECT_EQ(d[0], 1.5F);
  gemm(false, false, 0, 2, 1, 1, nullptr, 1, c, 2, 0, nullptr, 2);
  const float a[] = {2}, b[] = {4};
  float e[] = {std::nanf("")};
  gemm(false, false, 1, 1, 1, 1, a, 1, b, 1, 0, e, 1);
  EXPECT_EQ(e[0], 8) << "with beta 0 the old result is not read";
}

TEST(Gemm, EqualCallsGiveEqualBits) {
  constexpr std::int64_t kSize = 200;
  const auto a = normal(kSize * kSize + 1, 1), b = normal(kSize * kSize, 2);
  std::vector<float> shifted(a.begin() + 1, a.end()), first(kSize * kSize), again(kSize * kSize);
  gemm(true, false, kSize, kSize, kSize, 1, a.data() + 1, kSize, b.data(), kSize, 0, first.data(), kSize);
  const test::ThreadSetting setting(3);
  parallel_for(6, [&](std::int64_t i) {
    std::vector<float> other(kSize * kSize);
    gemm(true, false, kSize, kSize, kSize, 1, shifted.data(), kSize, b.data(), kSize, 0, other.data(), kSize);
    if (i == 5) again = other;
  });
  EXPECT_TRUE(equal_bits(first.data(), again.data(), first.size()));
}

TEST(Linalg, NamesItsLibrary) {
  const std::string name = library_name();
  EXPECT_EQ(name.find("oneDNN "), 0U) << name;
  EXPECT_NE(name.find('('), std::string::npos) << name;
}

}  // namespace
}  // namespace kerf::ops::linalg
