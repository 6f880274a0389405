#include "core/checked.h"

#include <limits>

#include <gtest/gtest.h>

namespace kerf {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::uint64_t kMaxUnsigned = std::numeric_limits<std::uint64_t>::max();

TEST(Checked, ProductsUpToTheLimit) {
  EXPECT_EQ(checked_mul<std::int64_t>(3037000499, 3037000499), 9223372030926249001);
  EXPECT_EQ(checked_mul<std::int64_t>(3037000500, 3037000500), std::nullopt);
  EXPECT_EQ(checked_mul<std::int64_t>(kMax, 1), kMax);
  EXPECT_EQ(checked_mul<std::int64_t>(kMin, -1), std::nullopt);
  EXPECT_EQ(checked_mul<std::int64_t>(0, kMin), 0);
  EXPECT_EQ(checked_mul<std::uint64_t>(1ULL << 32, 1ULL << 31), 1ULL << 63);
  EXPECT_EQ(checked_mul<std::uint64_t>(1ULL << 32, 1ULL << 32), std::nullopt);
}

TEST(Checked, SumsUpToTheLimit) {
  EXPECT_EQ(checked_add<std::int64_t>(kMax - 1, 1), kMax);
  EXPECT_EQ(checked_add<std::int64_t>(kMax, 1), std::nullopt);
  EXPECT_EQ(checked_add<std::int64_t>(kMin, -1), std::nullopt);
  EXPECT_EQ(checked_add<std::uint64_t>(kMaxUnsigned, 0), kMaxUnsigned);
  EXPECT_EQ(checked_add<std::uint64_t>(kMaxUnsigned, 1), std::nullopt);
}

TEST(Checked, AlignmentRoundsUpOrOverflows) {
  EXPECT_EQ(checked_align<std::uint64_t>(0, 32), 0U);
  EXPECT_EQ(checked_align<std::uint64_t>(1, 32), 32U);
  EXPECT_EQ(checked_align<std::uint64_t>(32, 32), 32U);
  EXPECT_EQ(checked_align<std::uint64_t>(33, 32), 64U);
  EXPECT_EQ(checked_align<std::uint64_t>(7, 1), 7U);
  EXPECT_EQ(checked_align<std::uint64_t>(kMaxUnsigned, 1), kMaxUnsigned);
  EXPECT_EQ(checked_align<std::uint64_t>(kMaxUnsigned - 31, 32), kMaxUnsigned - 31);
  EXPECT_EQ(checked_align<std::uint64_t>(kMaxUnsigned - 30, 32), std::nullopt);
}

TEST(Checked, DivisionRoundsUp) {
  EXPECT_EQ(div_up(0, 4), 0);
  EXPECT_EQ(div_up(1, 4), 1);
  EXPECT_EQ(div_up(4, 4), 1);
  EXPECT_EQ(div_up(5, 4), 2);
}

}  // namespace
}  // namespace kerf
