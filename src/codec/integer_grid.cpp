#include "codec/integer_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "codec/affine.h"
#include "codec/float_codec.h"
#include "codec/value_range.h"

namespace kerf::codec {

namespace {

/// The value of largest magnitude; of two the first, as GGUF's own encoders take it.
float extreme_value(const ValueRange& range, std::span<const float> values) {
  if (range.high == -range.low) [[unlikely]] {
    const auto is_extreme = [&](float value) { return std::abs(value) == range.high; };
    return *std::find_if(values.begin(), values.end(), is_extreme);
  }
  // An index, because a jump on the sign of random weights costs more than everything else here.
  const std::array<float, 2> ends{range.low, range.high};
  return ends[range.high > -range.low ? 1 : 0];
}

class IntegerGrid final : public Grid {
 public:
  explicit IntegerGrid(const Scheme& scheme)
      : scheme_(scheme),
        offset_(scheme.offset),
        scale_dtype_(scheme.scale_dtype),
        middle_(static_cast<float>(1 << (scheme.bits - 1))),
        symmetric_8_bit_(scheme.offset == Offset::kSymmetric && scheme.bits == 8),
        codes_{symmetric_8_bit_ ? 1 : 0, (1 << scheme.bits) - 1},
        levels_(static_cast<float>(codes_.high)) {}

  GroupParams fit(std::span<const float> values, bool& overflow) const override;
  std::uint8_t encode(float value, const GroupParams& params) const override;
  float decode(std::uint8_t code, const GroupParams& params) const override;
  void encode_run(std::span<const float> values, const GroupParams& params, std::span<std::uint8_t> codes,
                  std::span<float> values_out) const override;
  int highest_code() const override { return codes_.high; }

 private:
  // nullopt: a number does not fit.
  std::optional<GroupParams> fit_symmetric(const ValueRange& range, std::span<const float> values) const;
  std::optional<GroupParams> fit_zero_point(ValueRange range) const;
  std::optional<GroupParams> fit_minimum(const ValueRange& range) const;
  std::optional<GroupParams> fit_range(const ValueRange& range, std::span<const float> values) const;

  /// Parameters that hold nothing but 0.
  GroupParams nothing() const { return {0, offset_ == Offset::kMinimum ? 0 : middle_, 0}; }
  float rounded_scale(float scale) const {
    return scheme_.unit_by_tensor ? round_scale(scheme_, scale) : round_to(scale_dtype_, scale) + 0.0F;  // never -0
  }
  bool scales_by_powers() const { return scale_dtype_ == DType::kE8M0; }
  float symmetric_scale(const ValueRange& range, std::span<const float> values) const;
  std::uint8_t code_at(float zero) const;
  template <bool kHasMinimum, bool kWantValues>
  void encode_steps(std::span<const float> values, const GroupParams& params, std::uint8_t* codes, float* out) const;

  Scheme scheme_;
  Offset offset_;
  DType scale_dtype_;
  float middle_;  ///< the code of 0 in symmetric schemes
  bool symmetric_8_bit_;
  CodeRange codes_;
  float levels_;  ///< the highest code
};

float IntegerGrid::symmetric_scale(const ValueRange& range, std::span<const float> values) const {
  const float largest = std::max(range.high, -range.low);
  // Powers of two are not negative, and what little lies beyond the codes saturates: MXINT8 (OCP Microscaling Formats
  // 1.0, sections 5.3.4 and 6.3), with as many bits behind the point as there are.
  if (scales_by_powers()) return largest == 0 ? 0.0F : std::ldexp(1 / middle_, std::ilogb(largest) + 1);
  return symmetric_8_bit_ ? largest / 127.0F : extreme_value(range, values) / -middle_;
}

std::optional<GroupParams> IntegerGrid::fit_symmetric(const ValueRange& range, std::span<const float> values) const {
  const float steps = symmetric_8_bit_ ? 127.0F : middle_;
  const float scale = rounded_scale(symmetric_scale(range, values));
  if (!std::isfinite(scale * steps)) return std::nullopt;
  return GroupParams{scale, middle_, 0};
}

std::optional<GroupParams> IntegerGrid::fit_zero_point(ValueRange range) const {
  range.low = std::min(range.low, 0.0F);
  range.high = std::max(range.high, 0.0F);
  const float width = (range.high - range.low) / levels_;
  const float scale = rounded_scale(scales_by_powers() ? least_power_of_two(width) : width);
  if (!std::isfinite(scale * levels_)) return std::nullopt;
  if (scale == 0) return nothing();
  const float zero = rounded_steps(-range.low, scale, 0, 0, levels_) - kRounder;
  return GroupParams{scale, zero, 0};
}

std::optional<GroupParams> IntegerGrid::fit_minimum(const ValueRange& range) const {
  // Rounded down and the scale measured from there: no value lies below code 0, however coarse the dtype is.
  float minimum = round_down_to(scale_dtype_, range.low) + 0.0F;
  const float scale = rounded_scale((range.high - minimum) / levels_);
  if (!std::isfinite(minimum) || !std::isfinite(scale * levels_ + minimum)) return std::nullopt;
  // One value for the whole group: the one nearest to 0, which none is nearer to 0 than.
  if (scale == 0) minimum = round_to(scale_dtype_, std::clamp(0.0F, range.low, range.high)) + 0.0F;
  return GroupParams{scale, 0, minimum};
}

std::optional<GroupParams> IntegerGrid::fit_range(const ValueRange& range, std::span<const float> values) const {
  if (!std::isfinite(range.low) || !std::isfinite(range.high)) return std::nullopt;
  switch (offset_) {
    case Offset::kSymmetric:
      return fit_symmetric(range, values);
    case Offset::kZeroPoint:
      return fit_zero_point(range);
    case Offset::kMinimum:
      return fit_minimum(range);
  }
  return std::nullopt;
}

GroupParams IntegerGrid::fit(std::span<const float> values, bool& overflow) const {
  if (values.empty()) return nothing();
  const auto params = fit_range(value_range(values), values);
  if (params) return *params;
  overflow = true;
  return nothing();
}

std::uint8_t IntegerGrid::code_at(float zero) const {
  return static_cast<std::uint8_t>(std::clamp(static_cast<std::int32_t>(zero), codes_.low, codes_.high));
}

std::uint8_t IntegerGrid::encode(float value, const GroupParams& params) const {
  if (params.scale == 0) return code_at(params.zero);
  const float low = static_cast<float>(codes_.low) - params.zero, high = levels_ - params.zero;
  const float rounded = rounded_steps(value, params.scale, params.minimum, low, high);
  return static_cast<std::uint8_t>(steps_as_integer(rounded) + static_cast<std::int32_t>(params.zero));
}

float IntegerGrid::decode(std::uint8_t code, const GroupParams& params) const {
  const float steps = static_cast<float>(code) - params.zero;
  return offset_ == Offset::kMinimum ? affine_value<true>(steps, params.scale, params.minimum)
                                     : affine_value<false>(steps, params.scale, 0);
}

template <bool kHasMinimum, bool kWantValues>
void IntegerGrid::encode_steps(std::span<const float> values, const GroupParams& params, std::uint8_t* codes,
                               float* out) const {
  const float scale = params.scale, minimum = kHasMinimum ? params.minimum : 0.0F;
  const float low = static_cast<float>(codes_.low) - params.zero, high = levels_ - params.zero;
  const auto zero = static_cast<std::int32_t>(params.zero);
  const float* data = values.data();
  const std::size_t count = values.size();
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) {
    const float rounded = rounded_steps(data[i], scale, minimum, low, high);
    codes[i] = static_cast<std::uint8_t>(steps_as_integer(rounded) + zero);
    if constexpr (kWantValues) out[i] = affine_value<kHasMinimum>(rounded - kRounder, scale, minimum);
  }
}

void IntegerGrid::encode_run(std::span<const float> values, const GroupParams& params, std::span<std::uint8_t> codes,
                             std::span<float> values_out) const {
  if (params.scale == 0) {
    const std::uint8_t code = code_at(params.zero);
    std::fill(codes.begin(), codes.end(), code);
    std::fill(values_out.begin(), values_out.end(), decode(code, params));
    return;
  }
  const bool has_minimum = offset_ == Offset::kMinimum;
  const auto run =
      values_out.empty()
          ? (has_minimum ? &IntegerGrid::encode_steps<true, false> : &IntegerGrid::encode_steps<false, false>)
          : (has_minimum ? &IntegerGrid::encode_steps<true, true> : &IntegerGrid::encode_steps<false, true>);
  (this->*run)(values, params, codes.data(), values_out.data());
}

}  // namespace

std::unique_ptr<const Grid> make_integer_grid(const Scheme& scheme) { return std::make_unique<IntegerGrid>(scheme); }

}  // namespace kerf::codec
