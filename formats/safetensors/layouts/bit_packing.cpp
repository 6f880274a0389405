#include "formats/safetensors/layouts/bit_packing.h"

#include <algorithm>
#include <stdexcept>

namespace kerf::formats::safetensors {
namespace {

/// The width is a constant of the loops, which then become vector code.
template <std::size_t kBits>
void pack(std::span<const std::uint8_t> codes, std::span<std::byte> bytes) {
  constexpr std::size_t kPerByte = 8 / kBits;
  const std::size_t whole = codes.size() / kPerByte;
  for (std::size_t b = 0; b < whole; ++b) {
    unsigned byte = 0;
    for (std::size_t i = 0; i < kPerByte; ++i) byte |= static_cast<unsigned>(codes[b * kPerByte + i]) << (i * kBits);
    bytes[b] = static_cast<std::byte>(byte);
  }
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(whole), bytes.end(), std::byte{0});
  for (std::size_t i = whole * kPerByte; i < codes.size(); ++i) {
    bytes[whole] |= static_cast<std::byte>(static_cast<unsigned>(codes[i]) << (i % kPerByte * kBits));
  }
}

template <std::size_t kBits>
void unpack(std::span<const std::byte> bytes, std::span<std::uint8_t> codes) {
  constexpr std::size_t kPerByte = 8 / kBits;
  constexpr unsigned kMask = (1U << kBits) - 1;
  const auto code = [&](std::size_t i, std::size_t part) {
    return static_cast<std::uint8_t>((std::to_integer<unsigned>(bytes[i]) >> (part * kBits)) & kMask);
  };
  const std::size_t whole = codes.size() / kPerByte;
  for (std::size_t b = 0; b < whole; ++b) {
    for (std::size_t i = 0; i < kPerByte; ++i) codes[b * kPerByte + i] = code(b, i);
  }
  for (std::size_t i = whole * kPerByte; i < codes.size(); ++i) codes[i] = code(whole, i % kPerByte);
}

/// Any width: bits of codes wait in `pending` until they fill a byte.
void pack_across(std::span<const std::uint8_t> codes, int bits, std::span<std::byte> bytes) {
  std::uint32_t pending = 0;
  int count = 0;
  std::size_t at = 0;
  for (const std::uint8_t code : codes) {
    pending |= static_cast<std::uint32_t>(code) << count;
    for (count += bits; count >= 8; count -= 8, pending >>= 8) bytes[at++] = static_cast<std::byte>(pending);
  }
  if (count > 0) bytes[at++] = static_cast<std::byte>(pending);
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), std::byte{0});
}

void unpack_across(std::span<const std::byte> bytes, int bits, std::span<std::uint8_t> codes) {
  const std::uint32_t mask = (std::uint32_t{1} << bits) - 1;
  std::uint32_t pending = 0;
  int count = 0;
  std::size_t at = 0;
  for (std::uint8_t& code : codes) {
    for (; count < bits; count += 8) pending |= std::to_integer<std::uint32_t>(bytes[at++]) << count;
    code = static_cast<std::uint8_t>(pending & mask);
    pending >>= bits;
    count -= bits;
  }
}

void expect_width(int bits) {
  if (bits < 2 || bits > 8) throw std::logic_error("codes have 2 to 8 bits");
}

}  // namespace

void pack_bits(std::span<const std::uint8_t> codes, int bits, std::span<std::byte> bytes) {
  switch (bits) {
    case 2:
      return pack<2>(codes, bytes);
    case 4:
      return pack<4>(codes, bytes);
    case 8:
      return pack<8>(codes, bytes);
    default:
      expect_width(bits);
      return pack_across(codes, bits, bytes);
  }
}

void unpack_bits(std::span<const std::byte> bytes, int bits, std::span<std::uint8_t> codes) {
  switch (bits) {
    case 2:
      return unpack<2>(bytes, codes);
    case 4:
      return unpack<4>(bytes, codes);
    case 8:
      return unpack<8>(bytes, codes);
    default:
      expect_width(bits);
      return unpack_across(bytes, bits, codes);
  }
}

void unpack_padded_bits(std::span<const std::byte> bytes, int bits, std::span<std::uint8_t> codes) {
  expect_width(bits);
  const auto per_word = static_cast<std::size_t>(32 / bits);
  for (std::size_t first = 0, word = 0; first < codes.size(); first += per_word, ++word) {
    unpack_bits(bytes.subspan(word * 4, 4), bits, codes.subspan(first, std::min(per_word, codes.size() - first)));
  }
}

}  // namespace kerf::formats::safetensors
