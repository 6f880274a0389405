#include "core/quantities.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf {
namespace {

using test::expect_error;

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

TEST(ParseInteger, WholeNumbersWithinTheRange) {
  EXPECT_EQ(parse_integer("--n", "12", 1, kNoLimit), 12);
  EXPECT_EQ(parse_integer("--n", "-3", -5, 5), -3);
}

TEST(ParseInteger, RefusesTheRest) {
  for (const char* text : {"", "x", "1x", " 1", "1.0", "0", "99999999999999999999"}) {
    expect_error(ErrorCode::kUsage, "a whole number of at least 1", [&] { parse_integer("--n", text, 1, kNoLimit); });
  }
  expect_error(ErrorCode::kUsage, "--n: found '7', expected a whole number from 1 to 5",
               [] { parse_integer("--n", "7", 1, 5); });
}

TEST(ParseReal, FiniteNumbersWithinTheRange) {
  EXPECT_EQ(parse_real("--x", "0.01", 0, 1), 0.01);
  EXPECT_EQ(parse_real("--x", "1e-2", 0, 1), 0.01);
  for (const char* text : {"", "nan", "inf", "0,5", "-0.1", "1.5", "0.5x"}) {
    expect_error(ErrorCode::kUsage, "expected a number from 0 to 1", [&] { parse_real("--x", text, 0, 1); });
  }
}

TEST(ParseShare, SmallNumbersOrPercent) {
  EXPECT_EQ(parse_share("--s", "0.005", 0, 1), 0.005);
  EXPECT_EQ(parse_share("--s", "0.1", 0, 1), 0.1);
  EXPECT_EQ(parse_share("--s", "0.5%", 0, 1), 0.005);
  EXPECT_EQ(parse_share("--s", "50%", 0, 1), 0.5);
  expect_error(ErrorCode::kUsage, "--s: '0.5' without a percent sign would be 50 %; write 0.5% or 50%",
               [] { parse_share("--s", "0.5", 0, 1); });
  expect_error(ErrorCode::kUsage, "a number from 0 to 100", [] { parse_share("--s", "101%", 0, 1); });
}

TEST(ParseBytes, SuffixesArePowersOf1024) {
  EXPECT_EQ(parse_bytes("--m", "1"), 1U);
  EXPECT_EQ(parse_bytes("--m", "512B"), 512U);
  EXPECT_EQ(parse_bytes("--m", "3K"), 3072U);
  EXPECT_EQ(parse_bytes("--m", "512M"), std::uint64_t{512} << 20);
  EXPECT_EQ(parse_bytes("--m", "4G"), std::uint64_t{4} << 30);
  EXPECT_EQ(parse_bytes("--m", "4g"), std::uint64_t{4} << 30);
  EXPECT_EQ(parse_bytes("--m", "4GiB"), std::uint64_t{4} << 30);
  EXPECT_EQ(parse_bytes("--m", "1.5G"), std::uint64_t{3} << 29);
  EXPECT_EQ(parse_bytes("--m", "2T"), std::uint64_t{2} << 40);
}

TEST(ParseBytes, UnitsOfDecimalPowers) {
  EXPECT_EQ(parse_bytes("--m", "4GB"), 4000000000U);
  EXPECT_EQ(parse_bytes("--m", "16kB"), 16000U);
}

TEST(ParseBytes, RefusesTheRest) {
  for (const char* text :
       {"", "G", "4X", "4 G", "-1G", "0", "0.1", "4Gi", "4GBs", "1..5G", "1e3", "nan", "99999999T", ".G"}) {
    expect_error(ErrorCode::kUsage, "expected a size such as 4G", [&] { parse_bytes("--m", text); });
  }
}

TEST(PercentText, TwoDigitsWithoutAnExponent) {
  EXPECT_EQ(percent_text(1), "100%");
  EXPECT_EQ(percent_text(0.42), "42%");
  EXPECT_EQ(percent_text(0.0421), "4.2%");
  EXPECT_EQ(percent_text(0.000134), "0.013%");
  EXPECT_EQ(percent_text(1e-12), "0.000000%");
  EXPECT_EQ(percent_text(0), "0.0%");
}

}  // namespace
}  // namespace kerf
