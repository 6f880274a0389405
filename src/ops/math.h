#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace kerf::ops {

/// Elementary functions for loops: without branches, calls or tables, so that compilers turn a loop over them into
/// vector code, and built from single IEEE operations, so that they give the same bits on every instruction set. Errors
/// (in units in the last place of the f32 result) are measured by tests/ops/math_test.cpp over their whole range.
/// Polynomials are minimax fits made by scripts/fit_polynomials.

/// 2^n for n in [-126, 127], n an integer.
inline float exp2_integer(std::int32_t n) { return std::bit_cast<float>(static_cast<std::uint32_t>(n + 127) << 23); }

/// e^x; at most 1 ulp, subnormal results and overflow to infinity included.
inline float exp_f32(float x) {
  constexpr float kLog2E = 1.44269504F;
  // ln 2 in two parts; products of the first with integers up to 2^15 are exact.
  constexpr float kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer, which then sits in the low bits
  const float clamped = x > 89.0F ? 89.0F : (x < -105.0F ? -105.0F : x);
  const float shifted = clamped * kLog2E + kRound;
  const float n = shifted - kRound;
  const float r = (clamped - n * kLn2High) - n * kLn2Low;
  float q = 1.38143206e-3F;
  q = q * r + 8.36885069e-3F;
  q = q * r + 4.16684002e-2F;
  q = q * r + 1.66665196e-1F;
  q = q * r + 4.9999994e-1F;
  const float y = (q * (r * r) + r) + 1.0F;
  // In two steps, as 2^n alone may not be a normal number.
  const std::int32_t exponent = std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(kRound);
  const std::int32_t half = exponent >> 1;
  return y * exp2_integer(half) * exp2_integer(exponent - half);
}

/// The logistic function 1 / (1 + e^-x); at most 2.5 ulp.
inline float sigmoid_f32(float x) {
  const float e = exp_f32(-std::fabs(x));
  return (x < 0.0F ? e : 1.0F) / (1.0F + e);
}

/// At most 2 ulp.
inline float tanh_f32(float x) {
  const float t = std::fabs(x), z = x * x;
  float p = -5.69351902e-3F;
  p = p * z + 2.06304118e-2F;
  p = p * z - 5.37376143e-2F;
  p = p * z + 1.33314252e-1F;
  p = p * z - 3.33332807e-1F;
  const float near = t + t * (z * p);
  const float far = 1.0F - 2.0F / (exp_f32(2.0F * t) + 1.0F);
  return std::copysign(t < 0.625F ? near : far, x);
}

/// The error function; at most 2 ulp.
inline float erf_f32(float x) {
  const float t = std::fabs(x), z = x * x;
  float p = -5.93188277e-4F;
  p = p * z + 4.98215295e-3F;
  p = p * z - 2.67595872e-2F;
  p = p * z + 1.12816401e-1F;
  p = p * z - 3.76124799e-1F;
  p = p * z + 1.28379151e-1F;
  const float near = t + t * p;
  // ln(erfc t) for t in [0.92, 4]; beyond 4 erf is 1 in f32.
  const float u = t > 4.0F ? 4.0F : t;
  float q = 1.95937202e-4F;
  q = q * u - 3.04321712e-3F;
  q = q * u + 2.22269185e-2F;
  q = q * u - 1.03931598e-1F;
  q = q * u - 6.37182236e-1F;
  q = q * u - 1.12767565F;
  q = q * u - 1.95675864e-4F;
  const float far = 1.0F - exp_f32(q);
  return std::copysign(t < 0.93F ? near : far, x);
}

namespace detail {

/// sin (quadrant shift 0) or cos (1) of an f32 angle, in f64: x = n pi/2 + r with pi/2 in two parts, exact for
/// |n| < 2^20, then the Taylor series, whose next term is below 2^-45 at pi/4.
inline float circular(float x, std::int64_t shift) {
  constexpr double kTwoOverPi = 0.63661977236758134308, kRound = 6755399441055744.0;  // 1.5 * 2^52
  constexpr double kHalfPiHigh = 1.57079632673412561417, kHalfPiLow = 6.07710050650619224932e-11;
  const double wide = static_cast<double>(x);
  const double shifted = wide * kTwoOverPi + kRound;
  const double n = shifted - kRound;
  const double r = (wide - n * kHalfPiHigh) - n * kHalfPiLow, z = r * r;
  const double sine =
      r * (1 + z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880 + z * (-1.0 / 39916800))))));
  const double cosine =
      1 + z * (-1.0 / 2 +
               z * (1.0 / 24 + z * (-1.0 / 720 + z * (1.0 / 40320 + z * (-1.0 / 3628800 + z * (1.0 / 479001600))))));
  const std::int64_t quadrant = std::bit_cast<std::int64_t>(shifted) + shift;
  const double value = (quadrant & 1) != 0 ? cosine : sine;
  return static_cast<float>((quadrant & 2) != 0 ? -value : value);
}

inline constexpr float kCircularLimit = 1.0e6F;

}  // namespace detail

/// At most 1 ulp. Angles beyond 1e6 go to the standard library.
inline float sin_f32(float x) {
  if (!(std::fabs(x) <= detail::kCircularLimit)) return static_cast<float>(std::sin(static_cast<double>(x)));
  return detail::circular(x, 0);
}
inline float cos_f32(float x) {
  if (!(std::fabs(x) <= detail::kCircularLimit)) return static_cast<float>(std::cos(static_cast<double>(x)));
  return detail::circular(x, 1);
}

}  // namespace kerf::ops
