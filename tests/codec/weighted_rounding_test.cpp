#include "codec/weighted_rounding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf::codec {
namespace {

using testing::ElementsAre;
using testing::FloatEq;

TEST(WeightedRounding, SumsByHand) {
  const auto grid = make_grid(parse_scheme("int4-g32-min"));
  const std::vector<float> values = {0.2F, 1.4F, 2.9F}, importance = {1, 2, 0.5F};
  WeightedRounding plain(*grid, values, {}), weighted(*grid, values, importance);
  const GroupParams params{1, 0, 0.5F};
  // (v - 0.5) / 1 rounds to 0, 1, 2: 0.5, 1.5, 2.5.
  EXPECT_THAT(plain.round(params), FloatEq(0.09F + 0.01F + 0.16F));
  EXPECT_THAT(weighted.round(params), FloatEq(0.09F + 0.02F + 0.08F));
  EXPECT_THAT(plain.approximations(), ElementsAre(0.5F, 1.5F, 2.5F));
  const auto sums = weighted.sums(0.5F);  // of steps 0, 1, 2
  EXPECT_THAT(sums.w, FloatEq(3.5F));
  EXPECT_THAT(sums.x, FloatEq(0.2F + 2.8F + 1.45F));
  EXPECT_THAT(sums.u, FloatEq(2 + 1));
  EXPECT_THAT(sums.xu, FloatEq(2.8F + 2.9F));
  EXPECT_THAT(sums.uu, FloatEq(2 + 2));
  EXPECT_THAT(plain.sums(0).w, FloatEq(3));
}

}  // namespace
}  // namespace kerf::codec
