#include "core/byte_size.h"

#include <gtest/gtest.h>

namespace kerf {
namespace {

TEST(ParseSize, UnitsOfBothKinds) {
  EXPECT_EQ(parse_size("14MB"), 14000000U);
  EXPECT_EQ(parse_size("14M"), 14U << 20);
  EXPECT_EQ(parse_size("1.5GiB"), 3ULL << 29);
  EXPECT_EQ(parse_size("123"), 123U);
}

TEST(ParseSize, NothingElse) {
  for (const char* text : {"", "MB", "1X", "-1", "0", "1e3", "nan", "1..5M", "14 MB", "999999999999T"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace kerf
