#include "report/html/axis.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf::report::html {
namespace {

TEST(Axis, CoversItsValuesWithRoundTicks) {
  const std::vector<double> values = {0, 7, 42};
  const Axis axis = Axis::covering(values, false);
  EXPECT_GT(axis.place(0, 100, 200), 100);
  EXPECT_LT(axis.place(42, 100, 200), 200);
  EXPECT_THAT(axis.ticks(), testing::ElementsAre(0, 10, 20, 30, 40));
}

TEST(Axis, DecadesOnALogarithmicOne) {
  const std::vector<double> values = {1e-5, 0.02, 0, -1};
  EXPECT_THAT(Axis::covering(values, true).ticks(),
              testing::ElementsAre(testing::DoubleEq(1e-5), testing::DoubleEq(1e-4), testing::DoubleEq(1e-3),
                                   testing::DoubleEq(1e-2)));
  EXPECT_EQ(Axis::covering(values, true).place(0, 10, 20), 10);
}

TEST(Axis, OddValuesDoNoHarm) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double>& values :
       {std::vector<double>{}, {inf, nan}, {3, 3}, {0}, {1e-300, 1e300}, {-5, -5}}) {
    for (const bool logarithmic : {false, true}) {
      const Axis axis = Axis::covering(values, logarithmic);
      EXPECT_LT(axis.ticks().size(), 20U);
      for (const double value : {0.0, 1.0, -1.0, inf}) {
        const double at = axis.place(value, 0, 1);
        EXPECT_TRUE(at >= 0 && at <= 1);
      }
    }
  }
}

}  // namespace
}  // namespace kerf::report::html
