#include "codec/float_codec.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#ifdef __F16C__
#include <immintrin.h>
#endif

#include "core/error.h"
#include "core/random.h"

namespace kerf::codec {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

/// The value of a small float by the definition of IEEE 754: sign, biased exponent, mantissa; NaN for reserved codes.
double defined_value(std::uint32_t code, int exponent_bits, int mantissa_bits) {
  const std::uint32_t mantissa = code & ((1U << mantissa_bits) - 1);
  const int exponent = static_cast<int>((code >> mantissa_bits) & ((1U << exponent_bits) - 1));
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const double sign = ((code >> (mantissa_bits + exponent_bits)) & 1) != 0 ? -1.0 : 1.0;
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return sign * std::ldexp(mantissa + (1U << mantissa_bits), exponent - bias - mantissa_bits);
}

/// All kinds of floats: every exponent with mantissas around what 10- and 7-bit rounding treats differently.
std::vector<float> telling_floats() {
  std::vector<float> values;
  Random random(7);
  for (std::uint32_t exponent = 0; exponent < 256; ++exponent) {
    for (const std::uint32_t step : {0x2000U, 0x10000U}) {
      for (int i = 0; i < 40; ++i) {
        const auto base = static_cast<std::uint32_t>(random.below(0x800000)) & ~(step - 1);
        for (const std::uint32_t rest : {0U, 1U, step / 2 - 1, step / 2, step / 2 + 1, step - 1}) {
          const std::uint32_t bits = exponent << 23 | base | rest;
          values.push_back(std::bit_cast<float>(bits));
          values.push_back(std::bit_cast<float>(bits | 0x80000000U));
        }
      }
    }
  }
  return values;
}

TEST(F16, EveryCodeHasItsDefinedValue) {
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    const float value = f16_to_f32(static_cast<std::uint16_t>(code));
    if ((code & 0x7c00) != 0x7c00) {
      ASSERT_EQ(value, defined_value(code, 5, 10)) << code;
      ASSERT_EQ(std::signbit(value), code >= 0x8000) << code;
    } else if ((code & 0x3ff) == 0) {
      ASSERT_EQ(value, code >= 0x8000 ? -kInf : kInf);
    } else {
      ASSERT_TRUE(std::isnan(value)) << code;
    }
  }
}

TEST(F16, EveryCodeSurvivesTheRoundTrip) {
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    const float value = f16_to_f32(static_cast<std::uint16_t>(code));
    if (std::isnan(value)) continue;
    ASSERT_EQ(f32_to_f16(value), code);
  }
}

TEST(F16, RoundsToNearestTiesToEven) {
  EXPECT_EQ(f32_to_f16(1.0F + 0x1p-11F), 0x3c00);             // halfway between 1 and its successor: even is 1
  EXPECT_EQ(f32_to_f16(1.0F + 0x1.8p-10F), 0x3c02);           // halfway between the next two: even is the upper
  EXPECT_EQ(f32_to_f16(1.0F + 0x1p-11F + 0x1p-23F), 0x3c01);  // just above halfway
  EXPECT_EQ(f32_to_f16(0x1p-25F), 0x0000);                    // half of the smallest number
  EXPECT_EQ(f32_to_f16(0x1.000002p-25F), 0x0001);             // just above
  EXPECT_EQ(f32_to_f16(0x1.8p-24F), 0x0002);                  // 1.5 smallest numbers
  EXPECT_EQ(f32_to_f16(65519.996F), 0x7bff);                  // the last that rounds to 65504
  EXPECT_EQ(f32_to_f16(65520.0F), 0x7c00);                    // the first that does not
  EXPECT_EQ(f32_to_f16(-std::numeric_limits<float>::max()), 0xfc00);
  EXPECT_EQ(f32_to_f16(-0.0F), 0x8000);
  EXPECT_EQ(f32_to_f16(-1e-45F), 0x8000);
}

#ifdef __F16C__
// The processor's own conversion is an independent implementation.
TEST(F16, EncodesLikeTheProcessor) {
  std::size_t compared = 0;
  for (const float value : telling_floats()) {
    const __m128i halves = _mm_cvtps_ph(_mm_set_ss(value), _MM_FROUND_TO_NEAREST_INT);
    const auto expected = static_cast<std::uint16_t>(_mm_cvtsi128_si32(halves));
    ASSERT_EQ(f32_to_f16(value), expected) << bits_of(value);
    ++compared;
  }
  EXPECT_GT(compared, 100000U);
}

TEST(F16, DecodesLikeTheProcessor) {
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    const float expected = _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(static_cast<int>(code))));
    if (std::isnan(expected)) continue;
    ASSERT_EQ(bits_of(f16_to_f32(static_cast<std::uint16_t>(code))), bits_of(expected)) << code;
  }
}
#endif

TEST(Bf16, TakesTheNearerNeighbourOrTheEvenOne) {
  for (const float value : telling_floats()) {
    if (!std::isfinite(value)) continue;
    const std::uint16_t code = f32_to_bf16(value);
    const float rounded = bf16_to_f32(code);
    ASSERT_EQ(std::signbit(rounded), std::signbit(value));
    // Neighbours in doubles; the one beyond the largest number stands for infinity.
    const auto low = static_cast<std::uint32_t>(bits_of(value) & 0x7fff0000U) >> 16;
    const double below = defined_value(low, 8, 7), above = defined_value(low + 1, 8, 7), magnitude = std::abs(value);
    const bool up = magnitude - below > above - magnitude || (magnitude - below == above - magnitude && (low & 1) != 0);
    ASSERT_EQ(code & 0x7fffU, up ? low + 1 : low) << bits_of(value);
  }
}

TEST(Bf16, SpecialValues) {
  EXPECT_EQ(f32_to_bf16(kInf), 0x7f80);
  EXPECT_EQ(f32_to_bf16(std::numeric_limits<float>::max()), 0x7f80);
  // Payload only in the bits that are cut off: must not become infinity.
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0x7f800001U)))));
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0xffffffffU)))));
}

TEST(F16, NanStaysNan) {
  EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(std::bit_cast<float>(0x7f800001U)))));
  EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(std::bit_cast<float>(0xffffffffU)))));
}

TEST(RoundTo, IsEncodingAndDecoding) {
  for (const float value : telling_floats()) {
    if (std::isnan(value)) continue;
    ASSERT_EQ(bits_of(round_to(DType::kF16, value)), bits_of(f16_to_f32(f32_to_f16(value)))) << bits_of(value);
    ASSERT_EQ(bits_of(round_to(DType::kBF16, value)), bits_of(bf16_to_f32(f32_to_bf16(value))));
    ASSERT_EQ(bits_of(round_to(DType::kF32, value)), bits_of(value));
  }
  EXPECT_THROW(round_to(DType::kF64, 1), Error);
}

TEST(RoundDownTo, IsTheLargestThatIsNotAbove) {
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kF32}) {
    for (const float value : telling_floats()) {
      if (!std::isfinite(value)) continue;
      const float down = round_down_to(dtype, value);
      ASSERT_EQ(bits_of(round_to(dtype, down)), bits_of(down)) << bits_of(value);
      ASSERT_LE(down, value) << bits_of(value);
      // No other number of the dtype lies between: rounding to nearest gives this one or the next one above the value.
      const float nearest = round_to(dtype, value);
      ASSERT_TRUE(nearest == down || nearest > value) << bits_of(value);
      if (nearest == down || nearest > 65504) continue;
      const float middle = static_cast<float>((static_cast<double>(down) + nearest) / 2);
      ASSERT_TRUE(!std::isfinite(down) || round_to(dtype, middle) == down || round_to(dtype, middle) == nearest);
    }
  }
  EXPECT_EQ(round_down_to(DType::kF16, 1e9F), 65504);
  EXPECT_EQ(round_down_to(DType::kF16, -65505), -kInf);
  EXPECT_EQ(round_down_to(DType::kF16, -1e-30F), -0x1p-24F);
  EXPECT_EQ(round_down_to(DType::kF16, 1e-30F), 0);
}

TEST(F8, EveryE4m3CodeHasItsDefinedValue) {
  for (std::uint32_t code = 0; code < 256; ++code) {
    const std::byte stored{static_cast<unsigned char>(code)};
    float value = 0;
    decode_floats(DType::kF8E4M3, {&stored, 1}, {&value, 1});
    // The largest exponent is an ordinary one; only mantissa 7 there is reserved.
    if ((code & 0x7f) == 0x7f) {
      EXPECT_TRUE(std::isnan(value)) << code;
    } else {
      EXPECT_EQ(value, defined_value(code, 4, 3)) << code;
      EXPECT_EQ(std::signbit(value), code >= 128) << code;
    }
  }
}

TEST(F8, EveryE5m2CodeHasItsDefinedValue) {
  for (std::uint32_t code = 0; code < 256; ++code) {
    const std::byte stored{static_cast<unsigned char>(code)};
    float value = 0;
    decode_floats(DType::kF8E5M2, {&stored, 1}, {&value, 1});
    if ((code & 0x7f) > 0x7c) {
      EXPECT_TRUE(std::isnan(value)) << code;
    } else if ((code & 0x7f) == 0x7c) {
      EXPECT_EQ(value, code >= 128 ? -kInf : kInf);
    } else {
      EXPECT_EQ(value, defined_value(code, 5, 2)) << code;
      EXPECT_EQ(std::signbit(value), code >= 128) << code;
    }
  }
}

TEST(DecodeFloats, RunsOfAnyLengthAndAlignmentGiveTheBitsOfSingleValues) {
  std::vector<std::byte> bytes(2 * 70 + 1);
  Random random(3);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
  for (std::size_t count = 0; count <= 70; ++count) {
    for (const std::size_t start : {0U, 1U}) {
      std::vector<float> halves(count), brains(count);
      decode_floats(DType::kF16, std::span(bytes).subspan(start, 2 * count), halves);
      decode_floats(DType::kBF16, std::span(bytes).subspan(start, 2 * count), brains);
      for (std::size_t i = 0; i < count; ++i) {
        std::uint16_t stored = 0;
        std::memcpy(&stored, bytes.data() + start + 2 * i, 2);
        ASSERT_EQ(bits_of(halves[i]), bits_of(f16_to_f32(stored)));
        ASSERT_EQ(bits_of(brains[i]), bits_of(bf16_to_f32(stored)));
      }
    }
  }
}

TEST(DecodeFloats, EveryF16CodeInOneRun) {
  std::vector<std::uint16_t> codes(0x10000);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint16_t>(i);
  std::vector<float> values(codes.size());
  decode_floats(DType::kF16, std::as_bytes(std::span(codes)), values);
  for (std::size_t i = 0; i < codes.size(); ++i) ASSERT_EQ(bits_of(values[i]), bits_of(f16_to_f32(codes[i])));
}

TEST(DecodeFloats, F64IsNarrowedToNearest) {
  const std::vector<double> source{0.1, -1e300, 1e-300, 1 + 0x1p-24, 1 + 0x1.8p-23, 3.0};
  std::vector<float> values(source.size());
  decode_floats(DType::kF64, std::as_bytes(std::span(source)), values);
  EXPECT_EQ(values, (std::vector<float>{0.1F, -kInf, 0.0F, 1.0F, 1 + 0x1p-22F, 3.0F}));
}

TEST(EncodeFloats, RunsGiveTheBitsOfSingleValues) {
  const std::vector<float> values = telling_floats();
  std::vector<std::uint16_t> halves(values.size()), brains(values.size());
  encode_floats(DType::kF16, values, std::as_writable_bytes(std::span(halves)));
  encode_floats(DType::kBF16, values, std::as_writable_bytes(std::span(brains)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(halves[i], f32_to_f16(values[i]));
    ASSERT_EQ(brains[i], f32_to_bf16(values[i]));
  }
  std::vector<float> copies(values.size());
  encode_floats(DType::kF32, values, std::as_writable_bytes(std::span(copies)));
  EXPECT_EQ(std::memcmp(copies.data(), values.data(), 4 * values.size()), 0);
}

TEST(DecodeFloats, SizesMustAgree) {
  const std::vector<std::byte> bytes(7);
  std::vector<float> values(3);
  EXPECT_THROW(decode_floats(DType::kF16, bytes, values), Error);
  EXPECT_THROW(decode_floats(DType::kF32, bytes, values), Error);
  EXPECT_NO_THROW(decode_floats(DType::kF16, std::span(bytes).first(6), values));
}

TEST(DecodeFloats, IntegersAreNoFloats) {
  std::vector<std::byte> bytes(4);
  std::vector<float> values(4);
  EXPECT_THROW(decode_floats(DType::kI8, bytes, values), Error);
  EXPECT_THROW(encode_floats(DType::kF8E4M3, values, bytes), Error);
}

/// Powers of two of OCP Microscaling Formats 1.0, section 5.4.1, and what lies between them: the larger one of two.
TEST(E8m0, EveryPowerComesBackAndOthersGoToTheNearest) {
  for (int code = 0; code < 255; ++code) {
    const float power = e8m0_to_f32(static_cast<std::uint8_t>(code));
    EXPECT_EQ(power, std::ldexp(1.0F, code - 127));
    EXPECT_EQ(f32_to_e8m0(power), code);
    EXPECT_EQ(f32_to_e8m0(power * 1.49F), code);
    if (code < 254) {
      EXPECT_EQ(f32_to_e8m0(power * 1.51F), code + 1);
    }
  }
  EXPECT_EQ(f32_to_e8m0(0), 0) << "there is no 0";
  EXPECT_EQ(f32_to_e8m0(1.5F), 128);
}

}  // namespace
}  // namespace kerf::codec
