#include "codec/levels.h"

#include <cmath>

#include <gtest/gtest.h>

namespace kerf::codec {
namespace {

TEST(Levels, TablesHaveALevelForEveryCode) {
  for (const LevelTable* table : level_tables()) {
    EXPECT_EQ(table->values.size(), std::size_t{1} << table->bits) << table->name;
    EXPECT_EQ(find_level_table(table->name), table);
  }
  EXPECT_EQ(find_level_table("nothing"), nullptr);
}

TEST(Levels, SixteenBitPatternsOfE2M1) {
  // OCP Microscaling Formats 1.0, table 6: sign, two bits of exponent (bias 1), one of mantissa.
  const auto values = find_level_table("e2m1")->values;
  for (int code = 0; code < 16; ++code) {
    const int exponent = code >> 1 & 3, mantissa = code & 1;
    const double magnitude = exponent == 0 ? mantissa * 0.5 : std::ldexp(1 + mantissa * 0.5, exponent - 1);
    EXPECT_EQ(values[static_cast<std::size_t>(code)], static_cast<float>(code < 8 ? magnitude : -magnitude)) << code;
  }
}

TEST(Levels, Nf4HasQuantilesOfANormalDistribution) {
  const auto values = find_level_table("nf4")->values;
  EXPECT_EQ(values[0], -1);
  EXPECT_EQ(values[7], 0);
  EXPECT_EQ(values[15], 1);
  for (std::size_t i = 1; i < 16; ++i) EXPECT_GT(values[i], values[i - 1]);
}

TEST(Levels, EightBitFloatsLeaveOutWhatIsNoNumber) {
  const auto e4m3 = find_level_table("f8_e4m3")->values, e5m2 = find_level_table("f8_e5m2")->values;
  EXPECT_EQ(e4m3[0x7E], 448);
  EXPECT_TRUE(std::isnan(e4m3[0x7F]));
  EXPECT_EQ(e4m3[1], 0x1p-9F);
  EXPECT_EQ(e5m2[0x7B], 57344);
  EXPECT_TRUE(std::isnan(e5m2[0x7C]));
  EXPECT_EQ(e5m2[1], 0x1p-16F);
}

TEST(Levels, ExtremesAndSides) {
  EXPECT_EQ(find_level_table("iq4")->extreme(), -127);
  EXPECT_FALSE(find_level_table("iq4")->symmetric());
  EXPECT_EQ(find_level_table("e2m1")->extreme(), -6);
  EXPECT_TRUE(find_level_table("e2m1")->symmetric());
  EXPECT_FALSE(find_level_table("nf4")->symmetric());
  EXPECT_TRUE(find_level_table("f8_e4m3")->symmetric());
}

}  // namespace
}  // namespace kerf::codec
