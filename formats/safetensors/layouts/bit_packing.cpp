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
      throw std::logic_error("codes of this width do not fill bytes");
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
      throw std::logic_error("codes of this width do not fill bytes");
  }
}

}  // namespace kerf::formats::safetensors
