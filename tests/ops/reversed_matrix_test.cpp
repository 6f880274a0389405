#include "ops/reversed_matrix.h"

#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace kerf::ops::linalg {
namespace {

TEST(ReversedMatrix, SameProductsButForRounding) {
  constexpr std::int64_t kOut = 37, kIn = 300, kRows = 5;
  Random random(1);
  std::vector<float> weights(kOut * kIn), x(kRows * kIn), bias(kOut), y(kRows * kOut), again(kRows * kOut);
  for (auto* values : {&weights, &x, &bias}) {
    for (float& v : *values) v = static_cast<float>(random.uniform() - 0.5);
  }
  PackedMatrix::pack(weights.data(), kOut, kIn)->multiply(x.data(), kRows, bias.data(), y.data());
  const auto reversed = pack_reversed(weights.data(), kOut, kIn);
  EXPECT_EQ(reversed->in_features(), kIn);
  EXPECT_EQ(reversed->out_features(), kOut);
  reversed->multiply(x.data(), kRows, bias.data(), again.data());
  bool differs = false;
  for (std::size_t i = 0; i < y.size(); ++i) {
    EXPECT_NEAR(y[i], again[i], 1e-5);
    differs = differs || y[i] != again[i];
  }
  EXPECT_TRUE(differs) << "the order of the sums is the same";
}

}  // namespace
}  // namespace kerf::ops::linalg
