#include "formats/safetensors/layouts/bit_packing.h"

#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace kerf::formats::safetensors {
namespace {

std::vector<std::byte> packed(const std::vector<std::uint8_t>& codes, int bits) {
  std::vector<std::byte> bytes(
      static_cast<std::size_t>(packed_words(static_cast<std::int64_t>(codes.size()), bits)) * 4, std::byte{0xFF});
  pack_bits(codes, bits, bytes);
  return bytes;
}

TEST(BitPacking, CountsWords) {
  EXPECT_EQ(packed_words(0, 4), 0);
  EXPECT_EQ(packed_words(1, 4), 1);
  EXPECT_EQ(packed_words(8, 4), 1);
  EXPECT_EQ(packed_words(9, 4), 2);
  EXPECT_EQ(packed_words(17, 2), 2);
  EXPECT_EQ(packed_words(5, 8), 2);
}

TEST(BitPacking, PutsTheFirstCodeIntoTheLowBits) {
  EXPECT_EQ(packed({0x1, 0x2, 0xF}, 4), (std::vector<std::byte>{std::byte{0x21}, std::byte{0x0F}, {}, {}}));
  EXPECT_EQ(packed({1, 2, 3, 0, 2}, 2), (std::vector<std::byte>{std::byte{0x39}, std::byte{0x02}, {}, {}}));
  EXPECT_EQ(packed({200}, 8), (std::vector<std::byte>{std::byte{200}, {}, {}, {}}));
}

TEST(BitPacking, RoundTripsAllLengths) {
  Random random(3);
  for (const int bits : {2, 4, 8}) {
    for (std::size_t length = 0; length < 70; ++length) {
      std::vector<std::uint8_t> codes(length);
      for (auto& code : codes) code = static_cast<std::uint8_t>(random.below(std::uint64_t{1} << bits));
      std::vector<std::uint8_t> back(length);
      unpack_bits(packed(codes, bits), bits, back);
      EXPECT_EQ(back, codes) << bits << " bits, " << length;
    }
  }
}

}  // namespace
}  // namespace kerf::formats::safetensors
