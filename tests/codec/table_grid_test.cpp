#include "codec/table_grid.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace kerf::codec {
namespace {

std::unique_ptr<const Grid> grid(const char* scheme) { return make_table_grid(parse_scheme(scheme)); }

TEST(TableGrid, TiesGoToTheEvenCode) {
  // E2M1: 0.25 lies between 0 (code 0) and 0.5 (code 1), 0.75 between 0.5 and 1 (code 2), 5 between 4 (6) and 6 (7).
  const auto e2m1 = grid("mxfp4");
  const GroupParams one{1, 0, 0};
  EXPECT_EQ(e2m1->encode(0.25F, one), 0);
  EXPECT_EQ(e2m1->encode(std::nextafter(0.25F, 1.0F), one), 1);
  EXPECT_EQ(e2m1->encode(0.75F, one), 2);
  EXPECT_EQ(e2m1->encode(std::nextafter(0.75F, 0.0F), one), 1);
  EXPECT_EQ(e2m1->encode(5, one), 6);
  EXPECT_EQ(e2m1->encode(-5, one), 14);
}

TEST(TableGrid, SaturatesAndNeverGivesWhatIsNoNumber) {
  const auto e4m3 = grid("f8_e4m3");
  const GroupParams one{1, 0, 0};
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float value : {449.0F, 1e30F, kInfinity}) {
    EXPECT_EQ(e4m3->decode(e4m3->encode(value, one), one), 448) << value;
    EXPECT_EQ(e4m3->decode(e4m3->encode(-value, one), one), -448) << value;
  }
  EXPECT_FALSE(std::isnan(e4m3->decode(e4m3->encode(NAN, one), one)));
}

TEST(TableGrid, AScaleOfNothingGivesNothing) {
  for (const char* scheme : {"nf4-g32", "fp4-g32", "f8_e5m2", "mxfp4"}) {
    const auto g = grid(scheme);
    EXPECT_EQ(g->decode(g->encode(3, {0, 0, 0}), {0, 0, 0}), 0) << scheme;
  }
}

TEST(TableGrid, TheLargestMagnitudeGetsTheLargestLevel) {
  bool overflow = false;
  // NF4 has levels from -1 to 1, the negative one first.
  EXPECT_EQ(grid("nf4-g32")->fit(std::vector<float>{-0.5F, 0.25F}, overflow).scale, 0.5F);
  EXPECT_EQ(grid("fp4-g32")->fit(std::vector<float>{-0.5F, 0.25F}, overflow).scale, 0.5F);
  EXPECT_EQ(grid("f8_e4m3")->fit(std::vector<float>{-896, 3}, overflow).scale, 2);
  // Powers of two: 2^(5 - 2), 2^(-3 - 8).
  EXPECT_EQ(grid("mxfp4")->fit(std::vector<float>{33, -63}, overflow).scale, 8);
  EXPECT_EQ(grid("mxfp8")->fit(std::vector<float>{0.125F}, overflow).scale, 0x1p-11F);
  EXPECT_FALSE(overflow);
  grid("nf4-g32")->fit(std::vector<float>{1e30F}, overflow);
  EXPECT_TRUE(overflow);
}

}  // namespace
}  // namespace kerf::codec
