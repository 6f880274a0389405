#include "quant/prune_pattern.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::quant {
namespace {

using test::expect_error;
using testing::ElementsAre;

TEST(PrunePattern, IsAShareOrNOfM) {
  EXPECT_DOUBLE_EQ(parse_pattern("50%", "p").share, 0.5);
  EXPECT_DOUBLE_EQ(parse_pattern("0.25", "p").share, 0.25);
  EXPECT_EQ(parse_pattern("62.5%", "p").name(), "62.5%");
  const PrunePattern pattern = parse_pattern("2:4", "p");
  EXPECT_TRUE(pattern.by_group());
  EXPECT_EQ(pattern.keep, 2);
  EXPECT_EQ(pattern.of, 4);
  EXPECT_EQ(pattern.name(), "2:4");
}

TEST(PrunePattern, WhatIsNoneIsRefused) {
  for (const std::string text : {"", "0%", "100%", "1", "-5%", "nan", "inf%", "50 %", "half", "%", "50%%", "0x1p-1"}) {
    expect_error(ErrorCode::kUsage, "p: found", [&] { parse_pattern(text, "p"); });
  }
  for (const std::string text : {"4:2", "4:4", "0:4", "2:65", "2:", ":4", "2:4:8", "-1:4", "2.0:4", "99999999999:4"}) {
    expect_error(ErrorCode::kUsage, "expected N:M", [&] { parse_pattern(text, "p"); });
  }
}

TEST(PrunePattern, SharesAreRoundedDownButForRoundingErrors) {
  EXPECT_EQ(parse_pattern("50%", "p").zeros_of(7), 3);
  EXPECT_EQ(parse_pattern("29%", "p").zeros_of(100), 29);
  EXPECT_EQ(parse_pattern("99.9%", "p").zeros_of(5), 4);
}

TEST(PrunePattern, LowestScoresBecomeZeroAndOfEqualOnesTheFirst) {
  std::vector<float> values{1, 2, 3, 4, 5};
  zero_lowest(std::vector<float>{2, 1, 2, 9, 2}, 3, values);
  EXPECT_THAT(values, ElementsAre(0, 0, 0, 4, 5));
  zero_lowest(std::vector<float>{1, 1, 1, 1, 1}, 0, values);
  EXPECT_THAT(values, ElementsAre(0, 0, 0, 4, 5));
}

TEST(PrunePattern, AShortLastGroupKeepsAtMostN) {
  std::vector<float> values{4, 3, 2, 1, 1, 2, 3, 4, 7, 8, 9};
  zero_row(std::vector<float>(values), parse_pattern("2:4", "p"), values);
  EXPECT_THAT(values, ElementsAre(4, 3, 0, 0, 0, 0, 3, 4, 0, 8, 9));
  std::vector<float> one{5};
  zero_row(std::vector<float>(one), parse_pattern("2:4", "p"), one);
  EXPECT_THAT(one, ElementsAre(5));
}

}  // namespace
}  // namespace kerf::quant
