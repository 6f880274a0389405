#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace kerf {

/// Mixes two words by a 64 x 64 -> 128 bit product (the step of wyhash; Wang Yi, public domain).
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Hash of a short string for tables in memory; never stored.
inline std::uint64_t hash_bytes(std::string_view text) {
  constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15, kSecond = 0xD6E8FEB86659FD93;
  const char* data = text.data();
  std::size_t left = text.size();
  std::uint64_t state = kFirst ^ left * kSecond;
  for (; left >= 8; left -= 8, data += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, 8);
    state = mix(state ^ word, kSecond);
  }
  // A constant-size copy of what is left, where there is room for one.
  std::uint64_t tail = 0;
  if (left >= 4) {
    std::uint32_t low = 0, high = 0;
    std::memcpy(&low, data, 4);
    std::memcpy(&high, data + left - 4, 4);
    tail = low | std::uint64_t{high} << 32;
  } else if (left > 0) {
    const auto byte = [data](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(data[i])}; };
    tail = byte(0) | byte(left / 2) << 8 | byte(left - 1) << 16;
  }
  return mix(state ^ tail, kSecond ^ kFirst);
}

}  // namespace kerf
