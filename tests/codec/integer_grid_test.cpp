#include "codec/integer_grid.h"

#include <gtest/gtest.h>

namespace kerf::codec {
namespace {

// What grids of integers do with values is in grid_test.cpp and schemes_conformance_test.cpp.

TEST(IntegerGrid, HighestCodeIsThatOfTheBits) {
  EXPECT_EQ(make_integer_grid(parse_scheme("int2-g32"))->highest_code(), 3);
  EXPECT_EQ(make_integer_grid(parse_scheme("int8"))->highest_code(), 255);
  EXPECT_EQ(make_integer_grid(parse_scheme("q6_k"))->highest_code(), 63);
}

}  // namespace
}  // namespace kerf::codec
