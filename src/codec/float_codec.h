#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/dtype.h"

namespace kerf::codec {

/// IEEE binary16 and bfloat16, by bit operations; encoding rounds to nearest, ties to even. Overflow gives infinity.
float f16_to_f32(std::uint16_t bits);
std::uint16_t f32_to_f16(float value);
float bf16_to_f32(std::uint16_t bits);
std::uint16_t f32_to_bf16(float value);
/// Powers of two from 2^-127 to 2^127 (OCP Microscaling Formats 1.0, section 5.4.1); code 255, no number there, is NaN.
float e8m0_to_f32(std::uint8_t code);
/// The nearest power of two that there is; of two the larger one. The value is not negative.
std::uint8_t f32_to_e8m0(float value);
/// The nearest 8-bit float of E4M3 (Micikevicius et al. 2022, arXiv:2209.05433), ties to even; beyond 448 that.
/// Not for NaN. Inline and free of branches, for loops that become vector code.
inline float round_to_e4m3(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  // Three digits of mantissa; below 2^-6 multiples of 2^-9: adding 1.5 * 2^14 leaves no digits beyond those.
  const float normal = std::bit_cast<float>((magnitude + 0x7ffffU + ((magnitude >> 20) & 1U)) & ~0xfffffU);
  const float small = (std::bit_cast<float>(magnitude) + 0x1.8p14F) - 0x1.8p14F;
  float rounded = magnitude < 0x3c800000U ? small : normal;
  rounded = rounded > 448.0F ? 448.0F : rounded;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(rounded) | (bits & 0x80000000U));
}
/// `value` rounded to `dtype` (f32, f16, bf16, e8m0 or f8_e4m3) and back.
float round_to(DType dtype, float value);
/// The largest value of `dtype` (f32, f16 or bf16) that is not above `value`, which is finite; minus infinity
/// below its range.
float round_down_to(DType dtype, float value);

/// Elements of a floating dtype (f64 f32 f16 bf16 f8_e4m3 f8_e5m2) as f32; `bytes` holds out.size() of them, not
/// necessarily aligned. Narrowing f64 rounds to nearest. Error(kInput) if the sizes differ, Error(kUsage) for other
/// dtypes.
void decode_floats(DType dtype, std::span<const std::byte> bytes, std::span<float> out);
/// f32 -> f32, f16 or bf16 bytes. Errors as decode_floats.
void encode_floats(DType dtype, std::span<const float> values, std::span<std::byte> out);

/// The dtype that kerf writes values of a floating dtype in: itself, but f16 for 8-bit floats, which it holds exactly,
/// and f32 for f64, which was rounded to that when it was read.
DType written_dtype(DType dtype);

/// Index of the first NaN or infinity; the size if all values are finite.
std::size_t first_non_finite(std::span<const float> values);

}  // namespace kerf::codec
