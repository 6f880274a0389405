#include "api/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace kerf::api {
namespace {

constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;

Resources limited_to(std::uint64_t bytes) {
  Resources resources;
  resources.max_ram = bytes;
  return resources;
}

TEST(Session, WhatIsSetAsideIsNotForStreams) {
  const Session session(limited_to(100 * kMegabyte));
  EXPECT_EQ(session.set_aside(80 * kMegabyte), 20 * kMegabyte);
  EXPECT_TRUE(session.budget()->take(20 * kMegabyte));
  EXPECT_FALSE(session.budget()->take(1));
}

TEST(Session, StreamsGetHalfAtMostAndPerhapsNothing) {
  EXPECT_EQ(Session(limited_to(100 * kMegabyte)).set_aside(kMegabyte), 50 * kMegabyte);
  const Session session(limited_to(100 * kMegabyte));
  EXPECT_EQ(session.set_aside(101 * kMegabyte), 0U);
  EXPECT_FALSE(session.budget()->take(1));
}

TEST(Session, OnlyAStatedLimitRefuses) {
  const Session stated(limited_to(100 * kMegabyte));
  EXPECT_NO_THROW(stated.check(100 * kMegabyte));
  try {
    stated.check(101 * kMegabyte);
    FAIL() << "it is more";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), testing::HasSubstr("--max-ram 100.0 MiB: this run needs about 101.0 MiB at once"));
  }
  const Session open((Resources()));
  EXPECT_NO_THROW(open.check(open.ram() + 1));
  EXPECT_NO_THROW(stated.change_phase());
}

}  // namespace
}  // namespace kerf::api
