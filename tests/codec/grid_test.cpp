#include "codec/grid.h"

#include <bit>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "tests/codec/quantize.h"

namespace kerf::codec {
namespace {

using testing::ElementsAre;
using Values = std::vector<float>;

struct Fitted {
  GroupParams params;
  bool overflow = false;
};

Fitted fit(const Scheme& scheme, const Values& values) {
  Fitted fitted;
  fitted.params = make_grid(scheme)->fit(values, fitted.overflow);
  return fitted;
}
Fitted fit(const std::string& name, const Values& values) { return fit(parse_scheme(name), values); }

/// Codes of the values, with parameters fitted to them.
std::vector<int> codes_of(const std::string& name, const Values& values) {
  const auto grid = make_grid(parse_scheme(name));
  bool overflow = false;
  const GroupParams params = grid->fit(values, overflow);
  std::vector<int> codes;
  for (const float value : values) codes.push_back(grid->encode(value, params));
  return codes;
}

TEST(Grid, TheExtremeValueGetsCodeZeroBelowEightBits) {
  // GGUF's rule: scale = extreme / -8, here 1 and -1.
  EXPECT_EQ(fit("int4-g32", {-8, 7, 0.25F}).params.scale, 1);
  EXPECT_THAT(codes_of("int4-g32", {-8, 7, 0, 0.75F}), ElementsAre(0, 15, 8, 9));
  EXPECT_EQ(fit("int4-g32", {8, -7, 0.25F}).params.scale, -1);
  EXPECT_THAT(codes_of("int4-g32", {8, -7, 0, 0.75F}), ElementsAre(0, 15, 8, 7));
  EXPECT_THAT(codes_of("int2-g32", {-2, -1, 0, 1}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(codes_of("int5-g32", {-16, 15, 0}), ElementsAre(0, 31, 16));
}

TEST(Grid, OfTwoExtremesTheFirstDecides) {
  EXPECT_EQ(fit("int4-g32", {0.5F, -1, 1}).params.scale, 0.125F);
  EXPECT_EQ(fit("int4-g32", {0.5F, 1, -1}).params.scale, -0.125F);
  // The other one saturates at the highest code.
  EXPECT_THAT(codes_of("int4-g32", {-1, 1}), ElementsAre(0, 15));
}

TEST(Grid, EightBitsUseEqualSides) {
  EXPECT_EQ(fit("int8-g32", {127, -3}).params.scale, 1);
  EXPECT_EQ(fit("int8-g32", {-127, 3}).params.scale, 1);
  EXPECT_THAT(codes_of("int8-g32", {127, -127, 0, -3}), ElementsAre(255, 1, 128, 125));
}

TEST(Grid, CodeZeroOfEightBitsIsReadButNotWritten) {
  const auto grid = make_grid(parse_scheme("int8-g32"));
  const GroupParams params{0.5F, 128, 0};
  EXPECT_EQ(grid->decode(0, params), -64);
  EXPECT_EQ(grid->encode(-64, params), 1);
}

TEST(Grid, TiesGoToTheEvenStep) {
  EXPECT_THAT(codes_of("int8-g32", {127, 0.5F, 1.5F, 2.5F, -0.5F, -1.5F, -2.5F}),
              ElementsAre(255, 128, 130, 130, 128, 126, 126));
}

TEST(Grid, TiesGoToTheEvenStepAlsoWithAnOddZeroPoint) {
  EXPECT_EQ(fit("int4-g32-asym", {-3, 12}).params.zero, 3);
  EXPECT_THAT(codes_of("int4-g32-asym", {-3, 12, 0.5F, 1.5F, -0.5F}), ElementsAre(0, 15, 3, 5, 3));
}

TEST(Grid, ZeroPointRangesIncludeZero) {
  const Fitted positive = fit("int4-g32-asym", {15, 30});
  EXPECT_EQ(positive.params.scale, 2);
  EXPECT_EQ(positive.params.zero, 0);
  const Fitted negative = fit("int4-g32-asym", {-15, -30});
  EXPECT_EQ(negative.params.scale, 2);
  EXPECT_EQ(negative.params.zero, 15);
}

TEST(Grid, MinimumRangesDoNotIncludeZero) {
  const Fitted fitted = fit("int4-g32-min", {15, 30});
  EXPECT_EQ(fitted.params.scale, 1);
  EXPECT_EQ(fitted.params.minimum, 15);
  EXPECT_THAT(codes_of("int4-g32-min", {15, 30, 16.4F, 16.5F, 17.5F}), ElementsAre(0, 15, 1, 2, 2));
}

TEST(Grid, MinimaAreRoundedDownSoThatNoValueLiesBelow) {
  // 1.003 is between 1 and 1.0078125 in bf16.
  const Fitted fitted = fit(with_scales(parse_scheme("int4-g32-min"), DType::kBF16), {1.003F, 1.004F});
  EXPECT_EQ(fitted.params.minimum, 1);
  EXPECT_EQ(fitted.params.scale, round_to(DType::kBF16, (1.004F - 1) / 15));
}

TEST(Grid, ScalesAreRoundedBeforeCodesAreChosen) {
  // max / 127 = 1 + 2^-11 + 2^-14 rounds up to 1 + 2^-10 in f16; 100.5 of the unrounded scale are below 100.5 of it.
  const float exact = 1 + 0x1p-11F + 0x1p-14F, rounded = 1 + 0x1p-10F;
  const Values values{127 * exact, 100.51F * exact};
  EXPECT_EQ(fit("int8-g32", values).params.scale, rounded);
  ASSERT_GT(values[1] / exact, 100.5F);
  ASSERT_LT(values[1] / rounded, 100.5F);
  EXPECT_EQ(codes_of("int8-g32", values)[1], 228);
}

TEST(Grid, F16ScaleOverflowIsReported) {
  // 65520 = 65504 + half a step of f16: the first scale that would become infinite.
  for (const auto& [name, steps] : std::vector<std::pair<std::string, float>>{
           {"int4-g32", 8}, {"int8-g32", 127}, {"int4-g32-asym", 15}, {"int4-g32-min", 15}}) {
    const float limit = 65520 * steps;
    const Fitted below = fit(name, {std::nextafter(limit, 0.0F), 0});
    EXPECT_FALSE(below.overflow) << name;
    EXPECT_EQ(std::abs(below.params.scale), 65504) << name;
    const Fitted at = fit(name, {limit, 0});
    EXPECT_TRUE(at.overflow) << name;
    EXPECT_EQ(at.params.scale, 0) << name;
    EXPECT_EQ(at.params.minimum, 0) << name;
    EXPECT_FALSE(fit(with_scales(parse_scheme(name), DType::kBF16), {limit, 0}).overflow) << name;
  }
}

TEST(Grid, MinimumOverflowIsReported) {
  EXPECT_TRUE(fit("int4-g32-min", {-70000, -69000}).overflow);
  EXPECT_EQ(fit("int4-g32-min", {-70000, -69000}).params.minimum, 0);
  EXPECT_FALSE(fit("int4-g32-min", {-65504, -65000}).overflow);
  // A large positive minimum is a smaller one and some steps.
  EXPECT_FALSE(fit("int4-g32-min", {70000, 71000}).overflow);
}

TEST(Grid, ValuesBeyondTheRangeOfF32AreAnOverflowInEveryDtype) {
  const float max = std::numeric_limits<float>::max();
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const std::string& name : quantized_scheme_names()) {
      const Scheme scheme = with_scales(parse_scheme(name), dtype);
      const auto grid = make_grid(scheme);
      for (const Values& values : {Values{max, -max}, Values{max, 0}, Values{-max, 1}, Values{max, max}}) {
        const Fitted fitted = fit(scheme, values);
        if (fitted.overflow) {
          EXPECT_EQ(fitted.params.scale, 0) << name;
          continue;
        }
        for (const float value : values) {
          EXPECT_TRUE(std::isfinite(grid->decode(grid->encode(value, fitted.params), fitted.params))) << name;
        }
      }
    }
  }
}

TEST(Grid, NonFiniteValuesAreAnOverflow) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::string& name : quantized_scheme_names()) {
    for (const float bad : {inf, -inf, nan, -nan}) {
      EXPECT_TRUE(fit(name, {1, bad, -1}).overflow) << name;
      EXPECT_EQ(fit(name, {1, bad, -1}).params.scale, 0) << name;
    }
  }
}

TEST(Grid, OverflowIsNeverCleared) {
  bool overflow = true;
  make_grid(parse_scheme("int4-g32"))->fit(Values{1, 2}, overflow);
  EXPECT_TRUE(overflow);
}

TEST(Grid, ScalesThatUnderflowHoldExactlyZero) {
  for (const std::string name : {"int4-g32", "int8-g32", "int4-g32-asym", "int8-asym"}) {
    const auto grid = make_grid(parse_scheme(name));
    for (int exponent = -149; exponent <= -10; ++exponent) {
      const Values values{std::ldexp(1.0F, exponent), std::ldexp(-0.7F, exponent)};
      bool overflow = false;
      const GroupParams params = grid->fit(values, overflow);
      EXPECT_FALSE(overflow);
      if (exponent < -32) {
        EXPECT_EQ(params.scale, 0) << name << exponent;
      }
      if (exponent > -16) {
        EXPECT_NE(params.scale, 0) << name << exponent;
      }
      EXPECT_FALSE(params.scale == 0 && std::signbit(params.scale));
      for (const float value : values) {
        const float decoded = grid->decode(grid->encode(value, params), params);
        EXPECT_LE(std::abs(value - decoded), std::abs(value)) << name << exponent;
        if (params.scale == 0) {
          EXPECT_EQ(decoded, 0);
        }
      }
    }
  }
}

TEST(Grid, NoScaleMeansTheMiddleCode) {
  EXPECT_THAT(codes_of("int4-g32", {0, -0.0F}), ElementsAre(8, 8));
  EXPECT_THAT(codes_of("int8-g32", {0, 0}), ElementsAre(128, 128));
  EXPECT_THAT(codes_of("int4-g32-asym", {0, 0}), ElementsAre(8, 8));
  EXPECT_THAT(codes_of("int4-g32-min", {0, 0}), ElementsAre(0, 0));
}

TEST(Grid, AMinimumWithoutScaleIsTheValueNearestToZero) {
  // Steps of 2^-24 / 15 underflow in f16.
  EXPECT_EQ(fit("int4-g32-min", {-0x1p-24F, 0x1p-24F}).params.minimum, 0);
  EXPECT_EQ(fit("int4-g32-min", {0x1p-24F, 0x1.8p-23F}).params.minimum, 0x1p-24F);
  EXPECT_EQ(fit("int4-g32-min", {-0x1.8p-23F, -0x1p-24F}).params.minimum, -0x1p-24F);
  EXPECT_EQ(fit("int4-g32-min", {-1e-30F, -1e-30F}).params.minimum, 0);
}

TEST(Grid, NegativeZeroIsZero) {
  EXPECT_EQ(codes_of("int4-g32", {-8, -0.0F})[1], 8);
  EXPECT_EQ(codes_of("int4-g32-asym", {-3, 12, -0.0F})[2], 3);
  EXPECT_FALSE(std::signbit(fit("int4-g32-min", {-0.0F, -0.0F}).params.minimum));
}

TEST(Grid, AnEmptyGroupIsNothing) {
  for (const std::string& name : integer_scheme_names()) {
    const Fitted fitted = fit(name, {});
    EXPECT_FALSE(fitted.overflow);
    EXPECT_EQ(fitted.params.scale, 0);
  }
}

TEST(Grid, OnlySchemesWithCodesHaveOne) {
  EXPECT_THROW(make_grid(parse_scheme("f16")), Error);
  EXPECT_THROW(make_grid(parse_scheme("none")), Error);
  EXPECT_THROW(make_grid(with_scales(parse_scheme("int4-g32"), DType::kF64)), Error);
}

/// MXINT8 (OCP Microscaling Formats 1.0, sections 5.3.4 and 6.3) by hand: the exponent of the largest value, codes of
/// 64ths; fewer bits alike. A zero point's range gets the least power of two that holds it.
TEST(Grid, ScalesThatArePowersOfTwo) {
  const auto with = [](const char* name) { return with_scales(parse_scheme(name), DType::kE8M0); };
  EXPECT_EQ(fit(with("int8-g32"), {1.5F, -0.1F}).params.scale, 0x1p-6F);
  EXPECT_EQ(make_grid(with("int8-g32"))->encode(1.5F, fit(with("int8-g32"), {1.5F}).params), 128 + 96);
  EXPECT_EQ(fit(with("int8-g32"), {-1.999F}).params.scale, 0x1p-6F) << "what lies beyond 127 saturates";
  EXPECT_EQ(fit(with("int4-g32"), {-5, 2}).params.scale, 1) << "never negative, whatever the extreme value is";
  EXPECT_EQ(fit(with("int4-g32"), {8}).params.scale, 2);
  EXPECT_EQ(fit(with("int2"), {0.7F}).params.scale, 0.5F);
  const GroupParams range = fit(with("int4-g32-asym"), {-1, 5}).params;
  EXPECT_EQ(range.scale, 0.5F) << "6 / 15 is 0.4";
  EXPECT_EQ(range.zero, 2);
  EXPECT_EQ(fit(with("int4-g32-asym"), {0, 7.5F}).params.scale, 0.5F) << "just what it holds";
  EXPECT_EQ(fit(with("int4-g32"), {0, 0}).params.scale, 0x1p-127F) << "there is no 0";
}

/// A signed e4m3 number times the tensor's unit, by hand: of the largest value 2, -2 / 8 is the scale, and 448 units
/// have to reach it.
TEST(Grid, IntegersWithScalesOfAUnit) {
  const Scheme scheme = with_unit(with_scales(parse_scheme("int4-g32"), DType::kF8E4M3), Values{0.01F, 2, 1});
  EXPECT_EQ(scheme.unit.value, 0x1p-10F) << "0.25 / 448 is 0.00056";
  EXPECT_EQ(fit(scheme, {2}).params.scale, -0.25F);
  EXPECT_EQ(fit(scheme, {-1}).params.scale, 0.125F);
  EXPECT_EQ(fit(scheme, {0.001F}).params.scale, -0.125F * 0x1p-10F) << "0.128 units";
  const Scheme range = with_unit(with_scales(parse_scheme("int4-g32-asym"), DType::kF8E4M3), Values{-3, 3});
  EXPECT_EQ(range.unit.value, 0x1p-10F) << "6 / 15 / 448 is 0.00089";
  EXPECT_EQ(fit(range, {-3, 3}).params.scale, 416 * 0x1p-10F) << "of 384, 409.6 and 416";
}

TEST(Grid, PowersOfTwoFromAbove) {
  EXPECT_EQ(least_power_of_two(1), 1);
  EXPECT_EQ(least_power_of_two(1.001F), 2);
  EXPECT_EQ(least_power_of_two(0.3F), 0.5F);
  EXPECT_EQ(least_power_of_two(0), 0);
  EXPECT_EQ(least_power_of_two(-1), 0);
}

/// NVFP4, by hand: the least power of two with 448 times 6 of which the largest value can be said; e4m3 numbers have
/// three digits behind the first.
TEST(Grid, ScalesOfAUnitOfTheTensorsOwn) {
  const Scheme scheme = with_unit(parse_scheme("nvfp4"), Values{0.01F, -2, 1});
  EXPECT_EQ(scheme.unit.value, 0x1p-10F) << "2 / 6 / 448 is 0.00074";
  EXPECT_EQ(fit(scheme, {2}).params.scale, 352 * 0x1p-10F) << "of 320, 341.3 and 352";
  EXPECT_EQ(fit(scheme, {-0.01F}).params.scale, 1.75F * 0x1p-10F) << "of 1.625, 1.707 and 1.75";
  EXPECT_EQ(fit(scheme, {}).params.scale, 0);
  EXPECT_EQ(with_unit(scheme, 448 * 6).unit.value, 1) << "just what can be said";
  EXPECT_EQ(with_unit(scheme, 449 * 6).unit.value, 2);
  EXPECT_EQ(with_unit(parse_scheme("nvfp4"), 0).unit.value, 1);
  EXPECT_EQ(with_unit(parse_scheme("mxfp4"), 0.1F).unit.value, 1) << "has none";
  EXPECT_EQ(scheme, parse_scheme("nvfp4")) << "no part of which scheme it is";
  EXPECT_EQ(storage_bits(scheme, 2, 32), 32U + 64 * 4 + 4 * 8);
}

TEST(Params, WhatIsSetIsWhatIsGot) {
  for (const std::string& name : quantized_scheme_names()) {
    QuantizedTensor tensor = make_quantized(parse_scheme(name), 3, 64);
    const GroupParams params = fit(name, {-1, 0.3F, 0.9F}).params;
    const std::int64_t index = tensor.group_index(2, 63);
    set_params(tensor, index, params);
    const GroupParams got = get_params(tensor, index);
    EXPECT_EQ(got.scale, params.scale) << name;
    EXPECT_EQ(got.zero, params.zero) << name;
    EXPECT_EQ(got.minimum, params.minimum) << name;
  }
}

}  // namespace
}  // namespace kerf::codec
