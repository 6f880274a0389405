#include "quant/importance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf::quant {
namespace {

using testing::ElementsAre;
using testing::FloatEq;

TEST(Importance, IsRelativeToTheMean) {
  EXPECT_THAT(relative_importance(std::vector<double>{1, 2, 6}), ElementsAre(FloatEq(1.0F / 3), FloatEq(2.0F / 3), 2));
}

TEST(Importance, SilentChannelsKeepALittle) {
  EXPECT_THAT(relative_importance(std::vector<double>{0, 2}), ElementsAre(FloatEq(0.001F), 2));
  EXPECT_THAT(relative_importance(std::vector<double>{0, 0}), ElementsAre(1, 1));
}

TEST(Importance, IsTheSameFromEitherStatistics) {
  const std::vector<float> x = {1, -2, 0.5F, 3, 0, -1};
  calibration::Statistics squares(2, {"sum_squares"}), products(2, {"outer_product"});
  squares.observe(x.data(), 3);
  products.observe(x.data(), 3);
  // Sums of squares: 1 + 0.25 + 0, and 4 + 9 + 1.
  EXPECT_THAT(relative_importance(squares), ElementsAre(FloatEq(1.25F / 7.625F), FloatEq(14 / 7.625F)));
  EXPECT_THAT(relative_importance(products), ElementsAre(FloatEq(1.25F / 7.625F), FloatEq(14 / 7.625F)));
}

}  // namespace
}  // namespace kerf::quant
