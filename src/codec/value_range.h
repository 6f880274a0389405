#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace kerf::codec {

struct ValueRange {
  float low = 0, high = 0;
};

/// A float's bits as an integer that sorts like the number; NaNs sort beyond the infinities.
inline std::int32_t ordered(std::int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

/// Smallest and largest of one or more values, by integer comparison: exact, the same in any order, and a NaN always
/// shows.
inline ValueRange value_range(std::span<const float> values) {
  std::int32_t low = std::numeric_limits<std::int32_t>::max(), high = std::numeric_limits<std::int32_t>::min();
  const float* data = values.data();
  const std::size_t count = values.size();
#pragma omp simd reduction(min : low) reduction(max : high)
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t key = ordered(std::bit_cast<std::int32_t>(data[i]));
    low = key < low ? key : low;
    high = key > high ? key : high;
  }
  return {std::bit_cast<float>(ordered(low)), std::bit_cast<float>(ordered(high))};
}

}  // namespace kerf::codec
