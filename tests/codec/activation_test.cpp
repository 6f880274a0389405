#include "codec/activation.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/random_tensor.h"

namespace kerf::codec {
namespace {

using test::expect_error;
using testing::ElementsAre;
using testing::FloatEq;

std::vector<float> rounded(const FakeQuantizer& quantizer, std::vector<float> values, std::int64_t rows = 1) {
  quantizer.round(values.data(), rows, std::ssize(values) / rows);
  return values;
}

std::vector<float> rounded(const std::string& scheme, const std::vector<float>& values, std::int64_t rows = 1) {
  return rounded(*make_dynamic_quantizer(parse_activation_scheme(scheme)), values, rows);
}

TEST(Activation, NamesSayWhatTheSchemeIs) {
  const ActivationScheme a = parse_activation_scheme("INT8-dynamic");
  EXPECT_EQ(a.name, "int8-dynamic");
  EXPECT_TRUE(a.dynamic && a.symmetric);
  EXPECT_EQ(a.bits, 8);
  const ActivationScheme b = parse_activation_scheme("int4-static-asym");
  EXPECT_FALSE(b.dynamic || b.symmetric);
  EXPECT_EQ(b.bits, 4);
  EXPECT_EQ(parse_activation_scheme("int8-dynamic-g128-asym").group_size, 128);
  EXPECT_EQ(parse_activation_scheme("f8_e4m3-static").kind, ActivationScheme::Kind::kFloat8);
}

TEST(Activation, OtherNamesAreRefusedWithTheNearest) {
  for (const char* name :
       {"int8", "int9-dynamic", "int8-static-g32", "int8-dynamic-g0", "int8-dynamic-g7", "int8-dynamic-g4294967296",
        "int8-dynamic-g", "f8_e4m3-dynamic-asym", "f8_e5m2-dynamic", ""}) {
    expect_error(ErrorCode::kUsage, "no activation scheme", [&] { parse_activation_scheme(name); });
  }
  expect_error(ErrorCode::kUsage, "did you mean int8-dynamic", [] { parse_activation_scheme("int8-dynamik"); });
}

// By hand: s = 2.54 / 127 = 0.02.
TEST(Activation, SymmetricIntegersHaveTheLargestMagnitudeAtTheirEnd) {
  EXPECT_THAT(rounded("int8-dynamic", {2.54F, -1, 0.009F, 0.011F}),
              ElementsAre(FloatEq(2.54F), FloatEq(-1), 0, FloatEq(0.02F)));
  // s = 7 / 7 = 1; ties to even.
  EXPECT_THAT(rounded("int4-dynamic", {-7, 2.5F, 3.5F, -0.5F}), ElementsAre(-7, 2, 4, -0.0F));
}

// By hand: s = (3 - -12) / 15 = 1, z = -8 + 12 = 4; codes -8 to 7 stand for -12 to 3.
TEST(Activation, ZeroPointsUseBothEnds) {
  EXPECT_THAT(rounded("int4-dynamic-asym", {3, -12, 0.4F, -5.6F}), ElementsAre(3, -12, 0, -6));
  // 0 belongs to every range.
  EXPECT_THAT(rounded("int4-dynamic-asym", {15, 10, 14.6F}), ElementsAre(15, 10, 15));
}

TEST(Activation, EachTokenHasItsRangeAndEachGroup) {
  const std::vector<float> values = {127, 0.6F, 0.6F, 1.27F};
  EXPECT_THAT(rounded("int8-dynamic", values, 2), ElementsAre(127, 1, FloatEq(0.6F), FloatEq(1.27F)));
  std::vector<float> wide(16, 0.6F);
  wide[0] = 127;
  const auto found = rounded("int8-dynamic-g8", wide);
  EXPECT_EQ(found[1], 1);
  EXPECT_EQ(found[8], 0.6F);
}

TEST(Activation, StaticRangesSaturate) {
  const auto symmetric = make_static_quantizer(parse_activation_scheme("int8-static"), ValueRange{-1, 1.27F});
  EXPECT_FLOAT_EQ(symmetric->params().scale, 0.01F);
  EXPECT_EQ(symmetric->params().zero_point, 0);
  EXPECT_THAT(rounded(*symmetric, {5, -5, 0.004F}), ElementsAre(FloatEq(1.27F), FloatEq(-1.28F), 0));
  const auto asymmetric = make_static_quantizer(parse_activation_scheme("int8-static-asym"), ValueRange{-51, 204});
  EXPECT_FLOAT_EQ(asymmetric->params().scale, 1);
  EXPECT_EQ(asymmetric->params().zero_point, -128 + 51);
  EXPECT_THAT(rounded(*asymmetric, {1000, -1000, 3.3F}), ElementsAre(204, -51, 3));
}

TEST(Activation, ParametersOfAFileGiveTheSameQuantizer) {
  const ActivationScheme scheme = parse_activation_scheme("int8-static-asym");
  const auto fitted = make_static_quantizer(scheme, ValueRange{-0.3F, 2.2F});
  const auto read = make_static_quantizer(scheme, fitted->params());
  const Tensor x = test::random_normal({64}, 1);
  const std::vector<float> values(x.values<float>().begin(), x.values<float>().end());
  EXPECT_EQ(rounded(*fitted, values), rounded(*read, values));
  for (const float scale : {0.0F, -1.0F, NAN, INFINITY}) {
    expect_error(ErrorCode::kInput, "expected a positive number", [&] {
      make_static_quantizer(scheme, ActivationParams{scale, 0});
    });
  }
  expect_error(ErrorCode::kInput, "zero point 128", [&] { make_static_quantizer(scheme, ActivationParams{1, 128}); });
  expect_error(ErrorCode::kInput, "zero point 1", [] {
    make_static_quantizer(parse_activation_scheme("int8-static"), ActivationParams{1, 1});
  });
}

TEST(Activation, NothingButZerosStaysAndSoDoesWhatIsNotFinite) {
  for (const char* scheme : {"int8-dynamic", "int8-dynamic-asym", "f8_e4m3-dynamic"}) {
    EXPECT_THAT(rounded(scheme, {0, 0, -0.0F}), ElementsAre(0, 0, -0.0F)) << scheme;
    const auto found = rounded(scheme, {0.123F, INFINITY, NAN});
    EXPECT_EQ(found[0], 0.123F) << scheme;
    EXPECT_TRUE(std::isinf(found[1]) && std::isnan(found[2])) << scheme;
    const float huge = std::numeric_limits<float>::max();
    for (const float value : rounded(scheme, {huge, -huge})) EXPECT_TRUE(std::isfinite(value)) << scheme;
  }
  const auto never = make_static_quantizer(parse_activation_scheme("int8-static"), ValueRange{0, 0});
  EXPECT_GT(never->params().scale, 0);
}

// The nearest of all values that the dtype has, found by looking at each.
TEST(Activation, E4M3IsTheNearestOfAllItsValues) {
  std::vector<std::byte> bytes;
  for (int code = 0; code < 256; ++code) bytes.push_back(static_cast<std::byte>(code));
  std::vector<float> all(256);
  decode_floats(DType::kF8E4M3, bytes, all);
  Random random(3);
  for (int i = 0; i < 20000; ++i) {
    const float value =
        static_cast<float>(std::ldexp(random.uniform() * 2 - 1, static_cast<int>(random.below(22)) - 12));
    const float found = round_to_e4m3(value);
    float least = INFINITY;
    for (const float level : all) {
      if (!std::isnan(level)) least = std::min(least, std::abs(level - value));
    }
    ASSERT_EQ(std::abs(found - value), least) << value;
    ASSERT_EQ(std::signbit(found), std::signbit(value)) << value;
  }
  EXPECT_EQ(round_to_e4m3(464), 448);
  EXPECT_EQ(round_to_e4m3(-1e30F), -448);
  EXPECT_EQ(round_to_e4m3(17), 16);  // a tie: the even mantissa
  EXPECT_EQ(round_to_e4m3(19), 20);
  EXPECT_EQ(round_to_e4m3(0x1p-10F), 0);
}

}  // namespace
}  // namespace kerf::codec
