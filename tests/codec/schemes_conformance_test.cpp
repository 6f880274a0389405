// What holds for every scheme of integers, whatever the dtype of its scales and the numbers in the weights.
#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "tests/codec/quantize.h"

namespace kerf::codec {
namespace {

struct Case {
  std::string name;
  DType scale_dtype;
};
void PrintTo(const Case& value, std::ostream* out) { *out << value.name << " " << dtype_name(value.scale_dtype); }

std::vector<Case> cases() {
  std::vector<Case> result;
  // Every width besides those of the registered examples, and a group size that divides nothing.
  std::vector<std::string> names = integer_scheme_names();
  for (const char* more : {"int2-g16", "int3-g32-asym", "int6-g24-min", "int7-tensor-min", "int5-asym", "int2-min"}) {
    names.emplace_back(more);
  }
  for (const std::string& name : names) {
    for (const DType dtype : {DType::kF16, DType::kBF16, DType::kF32, DType::kE8M0, DType::kF8E4M3}) {
      if (!scale_dtype_refusal(parse_scheme(name), dtype)) result.push_back({name, dtype});
    }
  }
  return result;
}

class EveryScheme : public testing::TestWithParam<Case> {
 protected:
  Scheme scheme() const { return with_scales(parse_scheme(GetParam().name), GetParam().scale_dtype); }
  /// Of a tensor that holds these weights alone.
  Scheme scheme_of(const std::vector<float>& weights) const {
    return with_unit(scheme(), std::span<const float>(weights));
  }
  int highest_code() const { return (1 << scheme().bits) - 1; }
};

/// Half of the distance between neighbouring numbers of a dtype, relative to the number.
double half_spacing(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return 0x1p-24;
    case DType::kF16:
      return 0x1p-11;
    case DType::kBF16:
      return 0x1p-8;
    case DType::kF8E4M3:
      return 0x1p-4;
    default:
      return 0;  // powers of two are not what is nearest
  }
}

/// Half of the smallest number of a dtype that scales may come down to.
double half_of_smallest(const Scheme& scheme) {
  if (scheme.scale_dtype == DType::kF16) return 0x1p-25;
  return scheme.scale_dtype == DType::kF8E4M3 ? 0x1p-10 * static_cast<double>(scheme.unit.value) : 0;
}

/// Is it a number that the scheme's scales can be, or that of a group without any?
bool is_stored(const Scheme& scheme, float scale) { return scale == 0 || round_scale(scheme, scale) == scale; }

/// The largest error of an encoded weight, in steps of its scale. Half a step is rounding to nearest; the rest comes
/// from what saturates:
///   - a scale that was rounded down leaves the end of the range outside by the codes' number times the rounding error,
///     which is half a spacing of its dtype, never less than half of its smallest number;
///   - a power of two leaves the end of a symmetric range outside by a step at most;
///   - a zero point is itself rounded, which moves the range by up to half a step against the codes;
///   - the symmetric range below 8 bits has one step less on the side of the highest code.
double largest_error(const Scheme& scheme, double step) {
  const double levels = (1 << scheme.bits) - 1;
  const double cut_off = levels * std::max(half_spacing(scheme.scale_dtype), half_of_smallest(scheme) / step);
  const bool by_powers = scheme.scale_dtype == DType::kE8M0;
  // Divisions and products are rounded to f32, 2^-24 relative, of at most 255 steps.
  constexpr double kArithmetic = 0.0005;
  switch (scheme.offset) {
    case Offset::kSymmetric:
      return (scheme.bits == 8 && !by_powers ? std::max(0.5, cut_off) : 1 + cut_off) + kArithmetic;
    case Offset::kZeroPoint:
      return 0.5 + cut_off + kArithmetic;
    case Offset::kMinimum:
      return std::max(0.5, cut_off) + kArithmetic;
  }
  return 0;
}

/// Weights of a quantized tensor whose error is larger than it may be.
std::int64_t errors_too_large(const QuantizedTensor& tensor, const std::vector<float>& weights) {
  const std::vector<float> values = dequantize(tensor);
  std::int64_t found = 0;
  for (std::int64_t row = 0; row < tensor.rows; ++row) {
    for (std::int64_t col = 0; col < tensor.cols; ++col) {
      const auto at = static_cast<std::size_t>(row * tensor.cols + col);
      const double step = std::abs(get_params(tensor, tensor.group_index(row, col)).scale);
      const double error = std::abs(static_cast<double>(weights[at]) - values[at]);
      // A step of 0 is the group of one value that a minimum holds.
      const double bound = step == 0 ? std::abs(weights[at]) * half_spacing(tensor.scheme.scale_dtype)
                                     : step * largest_error(tensor.scheme, step);
      if (error > bound) ++found;
    }
  }
  return found;
}

TEST_P(EveryScheme, TheErrorIsHalfAStep) {
  for (const std::int64_t cols : {1, 31, 64, 100, 256}) {
    const std::vector<float> weights = random_weights(5, 7 * cols);
    QuantizedTensor tensor = quantize(scheme(), 7, cols, weights);
    EXPECT_EQ(errors_too_large(tensor, weights), 0) << cols;
    // Scales as coarse as e4m3's cut off more than a code.
    if (cols == 1 || scheme().scale_dtype == DType::kF8E4M3) continue;
    // The bound must notice codes that are one off: those errors lie between half a step and one and a half, and even
    // the widest bound (8 bits and bf16, where a scale's rounding is worth a step) leaves some above it.
    for (std::uint8_t& code : tensor.codes) code = static_cast<std::uint8_t>(code == 0 ? 1 : code - 1);
    EXPECT_GT(errors_too_large(tensor, weights), 0) << cols;
  }
}

TEST_P(EveryScheme, CodesFitTheirBitsAndScalesTheirDtype) {
  const QuantizedTensor tensor = quantize(scheme(), 9, 100, random_weights(6, 900));
  for (const std::uint8_t code : tensor.codes) ASSERT_LE(code, highest_code());
  for (const std::uint8_t zero : tensor.zero_points) ASSERT_LE(zero, highest_code());
  for (const float scale : tensor.scales) {
    ASSERT_TRUE(is_stored(tensor.scheme, scale)) << scale;
    ASSERT_EQ(round_to(scheme().float_scale_dtype(), scale), scale) << "plain floats hold it too";
  }
  for (const float minimum : tensor.minima) ASSERT_EQ(round_to(scheme().scale_dtype, minimum), minimum);
}

TEST_P(EveryScheme, DequantizingGivesWhatTheGridDecodes) {
  const QuantizedTensor tensor = quantize(scheme(), 5, 77, random_weights(8, 5 * 77));
  const auto grid = make_grid(tensor.scheme);
  const std::vector<float> values = dequantize(tensor);
  for (std::int64_t row = 0; row < 5; ++row) {
    for (std::int64_t col = 0; col < 77; ++col) {
      const auto at = static_cast<std::size_t>(row * 77 + col);
      const float decoded = grid->decode(tensor.codes[at], get_params(tensor, tensor.group_index(row, col)));
      ASSERT_EQ(std::bit_cast<std::uint32_t>(values[at]), std::bit_cast<std::uint32_t>(decoded));
    }
  }
}

/// Groups of weights that break careless arithmetic.
std::vector<std::vector<float>> degenerate_groups() {
  std::vector<std::vector<float>> groups{{0}, {-0.0F}, std::vector<float>(33, 0.0F), {0, -0.0F, 0}};
  for (const float constant : {-1.0F, 0.25F, 1e-30F, -1e-30F, 65504.0F, -65504.0F, 0.1F, 1.003F}) {
    groups.push_back({constant});
    groups.emplace_back(40, constant);
  }
  for (const float tiny : {1e-45F, 1e-40F, 1e-38F, 6e-8F, 1e-7F, 3e-6F}) {
    groups.push_back({tiny, -tiny, tiny / 2, 3 * tiny, 0});
    groups.push_back({-tiny, -2 * tiny, -37 * tiny});
    groups.push_back({tiny, -tiny, tiny, 0.02F});
  }
  for (const float outlier : {1e3F, 1e6F, 1e30F, 3e38F}) {
    groups.push_back({0.01F, -0.02F, outlier, 0.015F});
    groups.push_back({0.01F, -0.02F, -outlier, 0.015F, outlier});
    groups.emplace_back(32, -outlier);
  }
  for (const float edge : {65504.0F * 7, 65504.0F * 8, 65504.0F * 15, 65504.0F * 127, 65504.0F * 255}) {
    for (const float value : {std::nextafter(edge, 0.0F), edge, std::nextafter(edge, 1e9F)}) {
      groups.push_back({value, 1, -1});
      groups.push_back({-value, 1, -1});
    }
  }
  for (int exponent = -40; exponent <= -10; ++exponent) {
    groups.push_back({std::ldexp(1.0F, exponent), std::ldexp(-0.75F, exponent), std::ldexp(0.3F, exponent)});
    groups.push_back({std::ldexp(1.0F, exponent), std::ldexp(1.5F, exponent)});
  }
  return groups;
}

/// How far a decoded value may be from its weight when scales are as coarse as their dtype at its end makes them.
double tolerated_error(const Scheme& scheme, const std::vector<float>& group, float weight) {
  // 0 is a value of the grid, so the nearest value is at most |w| away, one rounding aside.
  if (scheme.offset != Offset::kMinimum) return std::abs(weight) * (1 + 0x1p-23);
  // Here the lowest value of the grid is at most a spacing of the dtype (2^-24 among the f16 subnormals) below all; or
  // it is the only one, and not farther from 0 than the weight.
  const auto [low, high] = std::minmax_element(group.begin(), group.end());
  const double magnitude = std::max(std::abs(*low), std::abs(*high));
  const double range = static_cast<double>(*high) - *low + magnitude * 2 * half_spacing(scheme.scale_dtype) +
                       (scheme.scale_dtype == DType::kF16 ? 0x1p-24 : 0.0);
  return std::max<double>(range, std::abs(weight));
}

TEST_P(EveryScheme, DegenerateGroupsGiveFiniteNumbers) {
  for (const std::vector<float>& group : degenerate_groups()) {
    const Scheme scheme = scheme_of(group);
    const auto grid = make_grid(scheme);
    bool overflow = false;
    const GroupParams params = grid->fit(group, overflow);
    SCOPED_TRACE(testing::Message() << "group of " << group.size() << " that starts with " << group[0]);
    ASSERT_TRUE(std::isfinite(params.scale) && std::isfinite(params.minimum));
    ASSERT_TRUE(is_stored(scheme, params.scale)) << params.scale;
    if (scheme.offset == Offset::kMinimum) {
      ASSERT_EQ(round_to(scheme.scale_dtype, params.minimum), params.minimum);
    }
    ASSERT_TRUE(params.zero >= 0 && params.zero <= static_cast<float>(highest_code()));
    ASSERT_TRUE(!overflow || params.scale == 0);
    for (const float weight : group) {
      const std::uint8_t code = grid->encode(weight, params);
      const float value = grid->decode(code, params);
      ASSERT_LE(code, highest_code());
      ASSERT_TRUE(std::isfinite(value));
      if (params.scale == 0) {
        ASSERT_EQ(value, params.minimum);
      }
      if (!overflow) {
        ASSERT_LE(std::abs(static_cast<double>(weight) - value), tolerated_error(scheme, group, weight));
      }
    }
  }
}

TEST_P(EveryScheme, ConstantsAreHeldWithinHalfAStep) {
  for (const float constant : {-1.0F, 0.25F, 0.1F, 1.003F, 1000.3F, -65504.0F}) {
    const std::vector<float> group(20, constant);
    const auto grid = make_grid(scheme_of(group));
    bool overflow = false;
    const GroupParams params = grid->fit(group, overflow);
    ASSERT_FALSE(overflow);
    const float value = grid->decode(grid->encode(constant, params), params);
    // Where no step is left the minimum itself is the constant.
    const double bound = params.scale == 0
                             ? std::abs(constant) * half_spacing(scheme().scale_dtype)
                             : std::abs(params.scale) * largest_error(scheme_of(group), std::abs(params.scale));
    EXPECT_LE(std::abs(static_cast<double>(constant) - value), bound + std::abs(constant) * 0x1p-24) << constant;
  }
}

TEST_P(EveryScheme, EncodingDecodedValuesChangesNothing) {
  std::vector<std::vector<float>> groups = degenerate_groups();
  groups.push_back(random_weights(11, 100));
  groups.push_back(random_weights(12, 100, 30.0F));
  const int lowest_code = scheme().offset == Offset::kSymmetric && scheme().bits == 8 ? 1 : 0;
  for (const std::vector<float>& group : groups) {
    const auto grid = make_grid(scheme_of(group));
    bool overflow = false;
    const GroupParams params = grid->fit(group, overflow);
    for (int code = lowest_code; code <= highest_code(); ++code) {
      const float value = grid->decode(static_cast<std::uint8_t>(code), params);
      ASSERT_EQ(grid->decode(grid->encode(value, params), params), value) << code << " of group of " << group[0];
    }
  }
}

TEST_P(EveryScheme, RunsGiveTheBitsOfSingleValues) {
  constexpr std::uint8_t kGuard = 0xa5;
  for (std::int64_t count = 0; count <= 100; ++count) {
    for (const float width : {0.02F, 0.0F, 1e-38F}) {
      std::vector<float> values = random_weights(static_cast<std::uint64_t>(count), count, width);
      const auto grid = make_grid(scheme_of(values));
      bool overflow = false;
      const GroupParams params = grid->fit(values, overflow);
      if (count > 9) {
        // Values that the parameters were not made for, and ties.
        values[1] = std::numeric_limits<float>::quiet_NaN();
        values[2] = std::numeric_limits<float>::infinity();
        values[3] = -1e30F;
        values[4] = -0.0F;
        values[5] = params.scale * 0.5F + params.minimum;
        values[6] = params.scale * 1.5F + params.minimum;
        values[7] = params.scale * -2.5F + params.minimum;
      }
      std::vector<std::uint8_t> codes(values.size() + 1, kGuard), codes_only(values.size() + 1, kGuard);
      std::vector<float> values_out(values.size());
      grid->encode_run(values, params, std::span(codes).first(values.size()), values_out);
      grid->encode_run(values, params, std::span(codes_only).first(values.size()), {});
      for (std::size_t i = 0; i < values.size(); ++i) {
        ASSERT_EQ(codes[i], grid->encode(values[i], params)) << values[i];
        ASSERT_EQ(std::bit_cast<std::uint32_t>(values_out[i]),
                  std::bit_cast<std::uint32_t>(grid->decode(codes[i], params)));
      }
      ASSERT_EQ(codes.back(), kGuard);
      ASSERT_EQ(codes, codes_only);
      std::vector<float> in_place = values;
      grid->encode_run(in_place, params, std::span(codes_only).first(values.size()), in_place);
      ASSERT_EQ(in_place, values_out);
      ASSERT_EQ(codes, codes_only);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, EveryScheme, testing::ValuesIn(cases()), [](const auto& instance) {
  return test_name(instance.param.name) + "_scales_" + std::string(dtype_name(instance.param.scale_dtype));
});

}  // namespace
}  // namespace kerf::codec
