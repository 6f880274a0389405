#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "codec/grid.h"

namespace kerf::codec {

/// The arithmetic of integer schemes, once for single values and for runs, so that both give the same bits. Inline and
/// free of branches: loops over it become vector code. One rounding per operation (see QuantizedTensor).

/// Codes that encoding may produce.
struct CodeRange {
  std::int32_t low = 0, high = 0;
};

/// Adding it moves a float of magnitude below 2^22 to where the last mantissa bit is worth 1: the sum is rounded to the
/// nearest integer, ties to even, and its bits are those of the constant plus that integer.
inline constexpr float kRounder = 0x1.8p23F;

/// nearest integer to (value - minimum) / scale, such that integer + zero lies in the range of codes, plus kRounder.
/// The bounds are `low` and `high` codes less zero; NaN goes to the lower one. The scale is not 0.
inline float rounded_steps(float value, float scale, float minimum, float low, float high) {
  float steps = (value - minimum) / scale;
  steps = steps > low ? steps : low;
  steps = steps < high ? steps : high;
  return steps + kRounder;
}

inline std::int32_t steps_as_integer(float rounded) {
  return std::bit_cast<std::int32_t>(rounded) - std::bit_cast<std::int32_t>(kRounder);
}

/// scale * steps [+ minimum]; `steps` is code - zero.
template <bool kHasMinimum>
inline float affine_value(float steps, float scale, float minimum) {
  const float product = scale * steps;
  // Adding a minimum of 0 would turn -0 (a negative scale times 0) into +0.
  if constexpr (kHasMinimum) return product + minimum;
  return product;
}

/// Values of `count` codes that share their parameters.
template <bool kHasMinimum>
inline void decode_run(const std::uint8_t* codes, std::size_t count, const GroupParams& params, float* out) {
  const float scale = params.scale, zero = params.zero, minimum = params.minimum;
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = affine_value<kHasMinimum>(static_cast<float>(static_cast<std::int32_t>(codes[i])) - zero, scale, minimum);
  }
}

}  // namespace kerf::codec
