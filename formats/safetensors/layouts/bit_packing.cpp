#include "formats/safetensors/layouts/bit_packing.h"

#include <algorithm>

namespace kerf::formats::safetensors {

void pack_bits(std::span<const std::uint8_t> codes, int bits, std::span<std::byte> bytes) {
  std::fill(bytes.begin(), bytes.end(), std::byte{0});
  const auto per_byte = static_cast<std::size_t>(8 / bits);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto shift = static_cast<unsigned>(i % per_byte) * static_cast<unsigned>(bits);
    bytes[i / per_byte] |= static_cast<std::byte>(static_cast<unsigned>(codes[i]) << shift);
  }
}

void unpack_bits(std::span<const std::byte> bytes, int bits, std::span<std::uint8_t> codes) {
  const auto per_byte = static_cast<std::size_t>(8 / bits);
  const unsigned mask = (1U << bits) - 1;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto shift = static_cast<unsigned>(i % per_byte) * static_cast<unsigned>(bits);
    codes[i] = static_cast<std::uint8_t>((std::to_integer<unsigned>(bytes[i / per_byte]) >> shift) & mask);
  }
}

}  // namespace kerf::formats::safetensors
