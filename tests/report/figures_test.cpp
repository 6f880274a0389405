#include "report/figures.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace kerf::report {
namespace {

TEST(Figures, FixedDecimals) {
  EXPECT_EQ(fixed(12.34567, 4), "12.3457");
  EXPECT_EQ(fixed(1234567.5, 1), "1234567.5");
  EXPECT_EQ(fixed(-1e-9, 4), "0.0000");
  EXPECT_EQ(fixed(-0.5, 1), "-0.5");
  EXPECT_EQ(fixed(std::numeric_limits<double>::infinity(), 2), "inf");
  EXPECT_EQ(fixed(std::nan(""), 2), "nan");
}

TEST(Figures, ErrorsAndShares) {
  EXPECT_EQ(with_error(12.34567, 0.0789, 4), "12.3457 \u00B1 0.0789");
  EXPECT_EQ(percent(0.97314), "97.31%");
  EXPECT_EQ(nats(0.0000123), "0.000012");
}

TEST(Figures, AbsentFigureIsADash) {
  EXPECT_EQ(or_dash(std::nullopt, percent), "-");
  EXPECT_EQ(or_dash(0.5, percent), "50.00%");
}

TEST(Figures, Durations) {
  EXPECT_EQ(duration(0.843), "0.84 s");
  EXPECT_EQ(duration(59.94), "59.9 s");
  EXPECT_EQ(duration(75.2), "1 min 15 s");
  EXPECT_EQ(duration(4020), "1 h 07 min");
  EXPECT_EQ(duration(-1), "-");
  EXPECT_EQ(duration(std::nan("")), "-");
}

TEST(Figures, DurationsDoNotRoundUpToTheNextUnit) {
  EXPECT_EQ(duration(59.97), "1 min 00 s");
  EXPECT_EQ(duration(9.996), "10.0 s");
}

TEST(Figures, Bytes) {
  EXPECT_EQ(exact_bytes(5), "5 bytes");
  EXPECT_EQ(exact_bytes(14683232), "14,683,232 bytes (14.0 MiB)");
}

TEST(Figures, ShapesAndCounts) {
  EXPECT_EQ(shape_text(std::vector<std::int64_t>{256, 688}), "256 x 688");
  EXPECT_EQ(shape_text(std::vector<std::int64_t>{}), "scalar");
  EXPECT_EQ(counted(1, "layer"), "1 layer");
  EXPECT_EQ(counted(1234, "token"), "1,234 tokens");
}

}  // namespace
}  // namespace kerf::report
