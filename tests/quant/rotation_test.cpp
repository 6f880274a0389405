#include "quant/rotation/rotation.h"

#include <cmath>

#include <gtest/gtest.h>

namespace kerf::quant {
namespace {

std::vector<std::vector<double>> matrix_of(const Rotation& rotation) {
  std::vector<std::vector<double>> rows;
  for (std::int64_t i = 0; i < rotation.size(); ++i) {
    std::vector<double> row(static_cast<std::size_t>(rotation.size()));
    row[static_cast<std::size_t>(i)] = 1;
    rotation.apply(row.data());
    rows.push_back(std::move(row));
  }
  return rows;
}

class RotationOf : public testing::TestWithParam<std::int64_t> {};

TEST_P(RotationOf, IsOrthogonal) {
  const auto q = matrix_of(Rotation(GetParam(), 3));
  for (std::size_t a = 0; a < q.size(); ++a) {
    for (std::size_t b = 0; b < q.size(); ++b) {
      double product = 0;
      for (std::size_t i = 0; i < q.size(); ++i) product += q[a][i] * q[b][i];
      EXPECT_NEAR(product, a == b ? 1 : 0, 1e-12);
    }
  }
}

/// No entry of a Hadamard matrix is larger than any other; those of a cosine transform of k points at most sqrt(2).
TEST_P(RotationOf, SpreadsEveryCoordinate) {
  const auto q = matrix_of(Rotation(GetParam(), 3));
  const double even = 1 / std::sqrt(static_cast<double>(GetParam()));
  for (const auto& row : q) {
    for (const double value : row) EXPECT_LE(std::abs(value), std::sqrt(2.0) * even + 1e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, RotationOf, testing::Values(1, 2, 3, 8, 12, 15, 64, 80));

TEST(Rotation, OfAPowerOfTwoIsAHadamardMatrixWithSigns) {
  for (const auto& row : matrix_of(Rotation(16, 5))) {
    for (const double value : row) EXPECT_NEAR(std::abs(value), 0.25, 1e-15);
  }
}

TEST(Rotation, DependsOnTheSeedAlone) {
  EXPECT_EQ(matrix_of(Rotation(32, 1)), matrix_of(Rotation(32, 1)));
  EXPECT_NE(matrix_of(Rotation(32, 1)), matrix_of(Rotation(32, 2)));
}

}  // namespace
}  // namespace kerf::quant
