#include "codec/float_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>

#include "core/error.h"

namespace kerf::codec {

namespace {

// The conversions are written without branches, so that the loops below become vector code, and with integer
// operations (or exact floating ones), so that neither the rounding mode nor flushed denormals change a bit.

constexpr std::uint32_t kSign = 0x80000000, kInfinity = 0x7f800000;

/// `condition ? yes : no` without a jump: compilers do not make vector code of the conditional operator here.
constexpr std::uint32_t choose(bool condition, std::uint32_t yes, std::uint32_t no) {
  const std::uint32_t mask = 0U - static_cast<std::uint32_t>(condition);
  return (yes & mask) | (no & ~mask);
}

/// Finite magnitude below the normal range of f16 (2^-14): a multiple of 2^-24, rounded to nearest even.
constexpr std::uint32_t small_magnitude_to_f16(std::uint32_t magnitude) {
  const std::uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
  const std::uint32_t exponent = magnitude >> 23;
  // From 25 on everything is shifted out: such values are below half of 2^-24.
  const std::uint32_t shift = exponent < 101 ? 25 : (exponent > 112 ? 14 : 126 - exponent);
  const std::uint32_t half = (1U << (shift - 1)) - 1;
  return (mantissa + half + ((mantissa >> shift) & 1)) >> shift;
}

constexpr std::uint16_t f16_bits(std::uint32_t bits) {
  const std::uint32_t magnitude = bits & ~kSign;
  const std::uint32_t small = small_magnitude_to_f16(magnitude);
  // Exponent rebased from 127 to 15; a carry out of the mantissa gives the next exponent, up to infinity.
  const std::uint32_t normal = (magnitude - (112U << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  const std::uint32_t nan = 0x7e00 | ((magnitude >> 13) & 0x3ff);
  std::uint32_t result = choose(magnitude < (113U << 23), small, normal);
  result = choose(magnitude >= (143U << 23), 0x7c00, result);
  result = choose(magnitude > kInfinity, nan, result);
  return static_cast<std::uint16_t>(result | ((bits & kSign) >> 16));
}

constexpr float f16_value(std::uint16_t half) {
  const std::uint32_t magnitude = half & 0x7fffU;
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const float subnormal = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24F;
  const std::uint32_t shifted = magnitude << 13;
  std::uint32_t bits = choose(magnitude >= 0x7c00, shifted | kInfinity, shifted + (112U << 23));
  bits = choose(magnitude < 0x400, std::bit_cast<std::uint32_t>(subnormal), bits);
  return std::bit_cast<float>(bits | sign);
}

constexpr std::uint16_t bf16_bits(std::uint32_t bits) {
  const std::uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const std::uint32_t nan = (bits >> 16) | 0x40;
  return static_cast<std::uint16_t>((bits & ~kSign) > kInfinity ? nan : rounded);
}

constexpr float bf16_value(std::uint16_t half) { return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16); }

/// E4M3 of OCP's 8-bit floating point specification: bias 7, no infinities, NaN is all ones.
constexpr float e4m3_value(std::uint8_t code) {
  const std::uint32_t exponent = (code >> 3) & 15, mantissa = code & 7;
  const std::uint32_t sign = (code & 0x80U) << 24;
  if ((code & 0x7f) == 0x7f) return std::bit_cast<float>(0x7fc00000U | sign);
  const float unit = std::bit_cast<float>(((exponent == 0 ? 1 : exponent) + 117) << 23);  // 2^(exponent - 10)
  const float magnitude = static_cast<float>(mantissa + (exponent == 0 ? 0 : 8)) * unit;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
}

/// E5M2 of the same specification is the upper byte of an f16.
constexpr float e5m2_value(std::uint8_t code) { return f16_value(static_cast<std::uint16_t>(code << 8)); }

template <float (*value)(std::uint8_t)>
constexpr std::array<float, 256> make_table() {
  std::array<float, 256> table{};
  for (std::size_t code = 0; code < table.size(); ++code) table[code] = value(static_cast<std::uint8_t>(code));
  return table;
}
constexpr std::array<float, 256> kE4M3 = make_table<e4m3_value>();
constexpr std::array<float, 256> kE5M2 = make_table<e5m2_value>();

float table_value_e4m3(std::uint8_t code) { return kE4M3[code]; }
float table_value_e5m2(std::uint8_t code) { return kE5M2[code]; }
float narrowed(double value) { return static_cast<float>(value); }

/// Stored elements need not be aligned.
template <typename Stored, float (*value)(Stored)>
void decode_all(const std::byte* bytes, std::span<float> out) {
  float* target = out.data();
  const std::size_t count = out.size();
  for (std::size_t i = 0; i < count; ++i) {
    Stored stored;
    std::memcpy(&stored, bytes + i * sizeof(Stored), sizeof(Stored));
    target[i] = value(stored);
  }
}

template <std::uint16_t (*encode)(std::uint32_t)>
void encode_all(std::span<const float> values, std::byte* out) {
  const float* source = values.data();
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t stored = encode(std::bit_cast<std::uint32_t>(source[i]));
    std::memcpy(out + i * sizeof(stored), &stored, sizeof(stored));
  }
}

void expect_bytes(DType dtype, std::size_t count, std::size_t bytes) {
  // Divides, because the product may not fit.
  if (bytes % dtype_bytes(dtype) == 0 && bytes / dtype_bytes(dtype) == count) return;
  throw_input("", "",
              "found " + std::to_string(bytes) + " bytes, expected those of " + std::to_string(count) +
                  " elements of " + std::string(dtype_name(dtype)));
}

[[noreturn]] void refuse_dtype(DType dtype, std::string_view expected) {
  throw_usage("found dtype " + std::string(dtype_name(dtype)) + ", expected " + std::string(expected));
}

// Rounding without leaving f32, for the scales of billions of groups.

/// Is the value a normal number in f16 and one after rounding either way?
constexpr bool safely_normal_in_f16(std::uint32_t bits) {
  const std::uint32_t magnitude = bits & ~kSign;
  return magnitude >= (113U << 23) && magnitude <= 0x477fe000;  // 2^-14 to 65504
}

float round_to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (!safely_normal_in_f16(bits)) return f16_to_f32(f32_to_f16(value));
  return std::bit_cast<float>((bits + 0xfff + ((bits >> 13) & 1)) & ~0x1fffU);
}

float round_down_to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (safely_normal_in_f16(bits)) return std::bit_cast<float>((bits + (bits >> 31) * 0x1fff) & ~0x1fffU);
  const std::uint16_t nearest = f32_to_f16(value);
  // Rounding keeps the sign: what came out above a negative value is its neighbour of smaller magnitude.
  const bool above = f16_to_f32(nearest) > value;
  return f16_to_f32(static_cast<std::uint16_t>(!above ? nearest : (nearest & 0x8000) != 0 ? nearest + 1 : nearest - 1));
}

float round_down_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + (bits >> 31) * 0xffff) & 0xffff0000U);
}

}  // namespace

float f16_to_f32(std::uint16_t bits) { return f16_value(bits); }
std::uint16_t f32_to_f16(float value) { return f16_bits(std::bit_cast<std::uint32_t>(value)); }
float bf16_to_f32(std::uint16_t bits) { return bf16_value(bits); }
std::uint16_t f32_to_bf16(float value) { return bf16_bits(std::bit_cast<std::uint32_t>(value)); }

float e8m0_to_f32(std::uint8_t code) {
  if (code == 255) return std::bit_cast<float>(0x7fc00000U);
  // 2^-127 is below the normal numbers.
  return std::bit_cast<float>(code == 0 ? 0x00400000U : static_cast<std::uint32_t>(code) << 23);
}

std::uint8_t f32_to_e8m0(float value) {
  const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(value) & ~kSign;
  // 2^-127 and what is nearest to it are below the normal numbers.
  if (magnitude < 0x800000) return magnitude < 0x600000 ? 0 : 1;
  // Half of the mantissa's range carries into the exponent.
  return static_cast<std::uint8_t>(std::min<std::uint32_t>((magnitude + 0x400000) >> 23, 254));
}

float round_to(DType dtype, float value) {
  switch (dtype) {
    case DType::kF32:
      return value;
    case DType::kF16:
      return round_to_f16(value);
    case DType::kBF16:
      return bf16_to_f32(f32_to_bf16(value));
    case DType::kE8M0:
      return e8m0_to_f32(f32_to_e8m0(value));
    case DType::kF8E4M3:
      return round_to_e4m3(value);
    default:
      refuse_dtype(dtype, "f32, f16, bf16, e8m0 or f8_e4m3");
  }
}

float round_down_to(DType dtype, float value) {
  switch (dtype) {
    case DType::kF16:
      return round_down_to_f16(value);
    case DType::kBF16:
      return round_down_to_bf16(value);
    default:
      return round_to(dtype, value);
  }
}

void decode_floats(DType dtype, std::span<const std::byte> bytes, std::span<float> out) {
  expect_bytes(dtype, out.size(), bytes.size());
  switch (dtype) {
    case DType::kF64:
      return decode_all<double, narrowed>(bytes.data(), out);
    case DType::kF32:
      if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
      return;
    case DType::kF16:
      return decode_all<std::uint16_t, f16_value>(bytes.data(), out);
    case DType::kBF16:
      return decode_all<std::uint16_t, bf16_value>(bytes.data(), out);
    case DType::kF8E4M3:
      return decode_all<std::uint8_t, table_value_e4m3>(bytes.data(), out);
    case DType::kF8E5M2:
      return decode_all<std::uint8_t, table_value_e5m2>(bytes.data(), out);
    default:
      refuse_dtype(dtype, "f64, f32, f16, bf16, f8_e4m3 or f8_e5m2");
  }
}

void encode_floats(DType dtype, std::span<const float> values, std::span<std::byte> out) {
  expect_bytes(dtype, values.size(), out.size());
  switch (dtype) {
    case DType::kF32:
      if (!values.empty()) std::memcpy(out.data(), values.data(), out.size());
      return;
    case DType::kF16:
      return encode_all<f16_bits>(values, out.data());
    case DType::kBF16:
      return encode_all<bf16_bits>(values, out.data());
    default:
      refuse_dtype(dtype, "f32, f16 or bf16");
  }
}

DType written_dtype(DType dtype) {
  if (dtype == DType::kF8E4M3 || dtype == DType::kF8E5M2) return DType::kF16;
  return dtype == DType::kF64 ? DType::kF32 : dtype;
}

std::size_t first_non_finite(std::span<const float> values) {
  // A part at a time without branches, which becomes vector code; the place is looked for only where there is one.
  constexpr std::size_t kPart = 4096;
  for (std::size_t begin = 0; begin < values.size(); begin += kPart) {
    const std::span<const float> part = values.subspan(begin, std::min(kPart, values.size() - begin));
    std::uint32_t largest = 0;
    for (const float value : part) largest = std::max(largest, std::bit_cast<std::uint32_t>(value) & ~kSign);
    if (largest < kInfinity) continue;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if ((std::bit_cast<std::uint32_t>(part[i]) & ~kSign) >= kInfinity) return begin + i;
    }
  }
  return values.size();
}

}  // namespace kerf::codec
