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
  EXPECT_EQ(packed_words(32, 3), 3);
  EXPECT_EQ(packed_words(11, 3), 2);
  EXPECT_EQ(packed_words(std::int64_t{1} << 60, 8), std::int64_t{1} << 58);
  EXPECT_EQ(padded_words(10, 3), 1);
  EXPECT_EQ(padded_words(32, 3), 4);
  EXPECT_EQ(padded_words(13, 5), 3);
}

TEST(BitPacking, PutsTheFirstCodeIntoTheLowBits) {
  EXPECT_EQ(packed({0x1, 0x2, 0xF}, 4), (std::vector<std::byte>{std::byte{0x21}, std::byte{0x0F}, {}, {}}));
  EXPECT_EQ(packed({1, 2, 3, 0, 2}, 2), (std::vector<std::byte>{std::byte{0x39}, std::byte{0x02}, {}, {}}));
  EXPECT_EQ(packed({200}, 8), (std::vector<std::byte>{std::byte{200}, {}, {}, {}}));
}

TEST(BitPacking, CodesGoOnInTheNextByteAndWord) {
  // 3 bits: 1 | 2 << 3 | 7 << 6 is 0x1D1; the eleventh code lies in bits 30 to 32.
  EXPECT_EQ(packed({1, 2, 7}, 3), (std::vector<std::byte>{std::byte{0xD1}, std::byte{0x01}, {}, {}}));
  const std::vector<std::byte> eleven = packed({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}, 3);
  EXPECT_EQ(eleven[3], std::byte{0x40});
  EXPECT_EQ(eleven[4], std::byte{0x01});
  EXPECT_EQ(packed({33, 2}, 6), (std::vector<std::byte>{std::byte{0xA1}, std::byte{0x00}, {}, {}}));
}

TEST(BitPacking, PaddedWordsHoldWholeCodes) {
  // Ten codes of 3 bits, then a word of its own for the eleventh.
  std::vector<std::byte> bytes(8);
  bytes[3] = std::byte{0x38};  // code 9 is in bits 27 to 29
  bytes[4] = std::byte{0x05};
  std::vector<std::uint8_t> codes(11);
  unpack_padded_bits(bytes, 3, codes);
  EXPECT_EQ(codes, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 5}));
}

TEST(BitPacking, RoundTripsAllLengths) {
  Random random(3);
  for (const int bits : {2, 3, 4, 5, 6, 7, 8}) {
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
