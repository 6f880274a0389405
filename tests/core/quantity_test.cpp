#include "core/quantity.h"

#include <gtest/gtest.h>

namespace kerf {
namespace {

TEST(Quantity, ByteCountsHaveUnits) {
  EXPECT_EQ(parse_byte_count("1"), 1U);
  EXPECT_EQ(parse_byte_count("2g"), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_byte_count("1.5KiB"), 1536U);
  EXPECT_EQ(parse_byte_count("4MB"), 4000000U);
  for (const char* text : {"", "G", "0", "0.4", "-1", "1e3", "4X", "4GiBs", "1.2.3", "1e30G", "9999999T", " 1"}) {
    EXPECT_EQ(parse_byte_count(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace kerf
