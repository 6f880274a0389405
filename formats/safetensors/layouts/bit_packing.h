#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kerf::formats::safetensors {

/// Codes of 2 to 8 bits in a little-endian bit string, the first code in the lowest bits: in 32-bit words this is what
/// "packed into int32, low first" means. A code may cross from one byte, or word, into the next.

/// Words that hold `count` codes.
constexpr std::int64_t packed_words(std::int64_t count, int bits) {
  return count / 32 * bits + (count % 32 * bits + 31) / 32;
}

/// codes -> bytes; unused bits of `bytes` become zero.
void pack_bits(std::span<const std::uint8_t> codes, int bits, std::span<std::byte> bytes);
/// The first codes.size() codes of `bytes`.
void unpack_bits(std::span<const std::byte> bytes, int bits, std::span<std::uint8_t> codes);

/// The same where no code crosses into the next word: floor(32 / bits) codes a word, its highest bits unused.
constexpr std::int64_t padded_words(std::int64_t count, int bits) {
  const std::int64_t per_word = 32 / bits;
  return count / per_word + (count % per_word != 0 ? 1 : 0);
}
void unpack_padded_bits(std::span<const std::byte> bytes, int bits, std::span<std::uint8_t> codes);

}  // namespace kerf::formats::safetensors
