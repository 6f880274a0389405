#pragma once

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
/// `value` rounded to `dtype` (f32, f16, bf16 or e8m0) and back.
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
