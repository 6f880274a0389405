#include "codec/fake_quantizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "tests/codec/quantize.h"
#include "tests/support/expect_error.h"
#include "tests/support/random_tensor.h"

namespace kerf::codec {
namespace {

using test::expect_error;

Tensor round(const std::string& scheme, const Tensor& x) {
  Tensor copy = x.clone();
  make_scheme_quantizer(parse_scheme(scheme))->round(copy.data<float>(), copy.dim(0), copy.dim(1));
  return copy;
}

TEST(FakeQuantizer, RoundsRowsAsTheCodecRoundsWeights) {
  const Tensor x = test::random_normal({6, 80}, 1);
  for (const char* name :
       {"int8", "int8-asym", "q8_0", "q4_0", "q4_1", "int4-g32-asym", "int5-g16-min", "nf4-g64", "f8_e4m3"}) {
    const std::vector<float> weights(x.values<float>().begin(), x.values<float>().end());
    const auto tensor = quantize(parse_scheme(name), 6, 80, weights);
    std::vector<float> expected(6 * 80);
    dequantize_rows(tensor, 0, 6, expected.data());
    const Tensor found = round(name, x);
    EXPECT_EQ(std::memcmp(found.raw(), expected.data(), found.bytes()), 0) << name;
  }
}

TEST(FakeQuantizer, PlainDtypesRoundToThemselves) {
  const Tensor x = test::random_normal({2, 9}, 2);
  const Tensor found = round("f16", x);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(found.data<float>()[i], round_to(DType::kF16, x.data<float>()[i]));
  }
}

/// ggml's definitions (quantize_row_q8_0_ref, quantize_row_q4_0_ref): codes by the scale before it is rounded to f16,
/// q8_0 rounds half away from 0, q4_0 adds 8.5 and cuts off.
float ggml_q8_0(float x, float peak) {
  const float d = peak / 127;
  return std::round(x * (1 / d)) * round_to(DType::kF16, d);
}
float ggml_q4_0(float x, float extreme) {
  const float d = extreme / -8;
  return (std::min(15.0F, std::trunc(x * (1 / d) + 8.5F)) - 8) * round_to(DType::kF16, d);
}

// The codec fits codes to the scale that is stored, ggml to the one before rounding: the same but at the border between
// two codes.
TEST(FakeQuantizer, CachesOfQ8_0AndQ4_0AreWhatLlamaCppKeeps) {
  const std::int64_t rows = 500;
  const Tensor x = test::random_normal({rows, 32}, 3);
  const Tensor eight = round("q8_0", x), four = round("q4_0", x);
  int other_eight = 0, other_four = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* values = x.data<float>() + row * 32;
    const float extreme =
        *std::max_element(values, values + 32, [](float a, float b) { return std::abs(a) < std::abs(b); });
    for (std::int64_t i = 0; i < 32; ++i) {
      const float e8 = std::abs(eight.data<float>()[row * 32 + i] - ggml_q8_0(values[i], std::abs(extreme)));
      const float e4 = std::abs(four.data<float>()[row * 32 + i] - ggml_q4_0(values[i], extreme));
      EXPECT_LE(e8, 1.01F * std::abs(extreme) / 127);
      EXPECT_LE(e4, 1.01F * std::abs(extreme) / 8);
      other_eight += e8 > 0 ? 1 : 0;
      other_four += e4 > 0 ? 1 : 0;
    }
  }
  EXPECT_LT(other_eight, rows * 32 / 50);
  EXPECT_LT(other_four, rows * 32 / 500);
}

TEST(FakeQuantizer, WhatDoesNotSuitARowIsRefused) {
  expect_error(ErrorCode::kUsage, "q4_k needs more", [] { make_scheme_quantizer(parse_scheme("q4_k")); });
  expect_error(ErrorCode::kUsage, "int8-tensor needs more", [] { make_scheme_quantizer(parse_scheme("int8-tensor")); });
  expect_error(ErrorCode::kUsage, "none rounds nothing", [] { make_scheme_quantizer(parse_scheme("none")); });
  for (const float value : {1e30F, INFINITY, NAN}) {
    const std::vector<float> values = {1, value};
    const Tensor x = Tensor::from<float>({1, 2}, values);
    expect_error(ErrorCode::kInput, "too large, or not finite", [&] { round("int8", x); });
  }
}

}  // namespace
}  // namespace kerf::codec
