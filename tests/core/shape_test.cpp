#include "core/shape.h"

#include <limits>

#include <gtest/gtest.h>

namespace kerf {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Shape, AScalarHasOneElement) {
  EXPECT_EQ(numel(Shape{}), 1);
  EXPECT_EQ(checked_numel(Shape{}), 1);
  EXPECT_EQ(to_string(Shape{}), "[]");
}

TEST(Shape, ElementsAreTheProduct) {
  EXPECT_EQ(numel(Shape{2, 24, 160}), 7680);
  EXPECT_EQ(numel(Shape{2, 0, 160}), 0);
  EXPECT_EQ(checked_numel(Shape{2, 24, 160}), 7680);
  EXPECT_EQ(checked_numel(Shape{1, 1, 1}), 1);
}

TEST(Shape, ProductsUpTo63BitsAreChecked) {
  EXPECT_EQ(checked_numel(Shape{kMax}), kMax);
  EXPECT_EQ(checked_numel(Shape{kMax, 1, 1}), kMax);
  EXPECT_EQ(checked_numel(Shape{std::int64_t{1} << 31, std::int64_t{1} << 31}), std::int64_t{1} << 62);
  EXPECT_EQ(checked_numel(Shape{std::int64_t{1} << 32, std::int64_t{1} << 31}), std::nullopt);
  EXPECT_EQ(checked_numel(Shape{std::int64_t{1} << 32, std::int64_t{1} << 32}), std::nullopt);
  EXPECT_EQ(checked_numel(Shape{kMax, 2}), std::nullopt);
}

TEST(Shape, AZeroDoesNotExcuseTheOthers) {
  EXPECT_EQ(checked_numel(Shape{0}), 0);
  EXPECT_EQ(checked_numel(Shape{0, kMax}), 0);
  EXPECT_EQ(checked_numel(Shape{0, kMax, kMax}), std::nullopt);
  EXPECT_EQ(checked_numel(Shape{kMax, kMax, 0}), std::nullopt);
}

TEST(Shape, NegativeDimensionsAreRefused) {
  EXPECT_EQ(checked_numel(Shape{-1}), std::nullopt);
  EXPECT_EQ(checked_numel(Shape{-2, -3}), std::nullopt);
  EXPECT_EQ(checked_numel(Shape{0, -1}), std::nullopt);
}

TEST(Shape, IsPrintedInBrackets) {
  EXPECT_EQ(to_string(Shape{7}), "[7]");
  EXPECT_EQ(to_string(Shape{2, 24, 160}), "[2, 24, 160]");
}

}  // namespace
}  // namespace kerf
