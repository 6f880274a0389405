#include "text/library_number.h"

#include <cmath>

#include <gtest/gtest.h>

namespace kerf::text {
namespace {

// What tokenizers 0.23.2 writes again after reading the number on the left.
TEST(LibraryNumber, DividesDigitsByAPowerOfTen) {
  EXPECT_EQ(library_number(-11.110160264170437), -11.110160264170435);
  EXPECT_EQ(library_number(-10.789285110090983), -10.789285110090985);
  EXPECT_EQ(library_number(-12.391936302185059), -12.39193630218506);
  EXPECT_EQ(library_number(-1.6642545324840963), -1.6642545324840965);
}

TEST(LibraryNumber, ShortNumbersStay) {
  for (const double value : {0.0, 1.0, -1.5, 0.1, -12.25, 100.0, 1e22, 123456789.0, 1e-5, 5e-324, 1e308}) {
    EXPECT_EQ(library_number(value), value);
  }
  EXPECT_TRUE(std::signbit(library_number(-0.0)));
}

}  // namespace
}  // namespace kerf::text
