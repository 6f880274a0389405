#include "core/memory.h"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kerf {
namespace {

constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;

TEST(Memory, ThePeakCountsWhatWasTouchedAndStays) {
  const std::uint64_t before = peak_ram_bytes();
  ASSERT_GT(before, 0U);
  constexpr std::uint64_t kTouched = 96 * kMegabyte;
  {
    const std::vector<char> block(kTouched, 1);
    ASSERT_EQ(block.back(), 1);
  }
  const std::uint64_t after = peak_ram_bytes();
  EXPECT_GE(after, kTouched);
  EXPECT_LE(after, before + 10 * kTouched);  // sanitizers keep several bytes for each
}

TEST(Memory, WhatIsResidentNowIsNoMoreThanThePeak) {
  const std::vector<char> block(32 * kMegabyte, 1);
  ASSERT_EQ(block.front(), 1);
  return_free_ram();
  EXPECT_GE(resident_ram_bytes(), 32 * kMegabyte);
  EXPECT_LE(resident_ram_bytes(), peak_ram_bytes());
}

TEST(Memory, NoMoreIsAvailableThanTheMachineHas) {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::uint64_t kilobytes = 0;
  file >> key >> kilobytes;
  ASSERT_EQ(key, "MemTotal:");
  EXPECT_GT(available_ram_bytes(), kMegabyte);
  EXPECT_LE(available_ram_bytes(), kilobytes * 1024);
}

}  // namespace
}  // namespace kerf
