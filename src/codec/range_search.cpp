#include "codec/range_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "codec/float_codec.h"
#include "codec/weighted_rounding.h"

namespace kerf::codec {
namespace {

/// Ranges that are tried, as multiples of the whole one: below 1 the ends saturate, above it all codes are used less.
constexpr std::array kRanges = {1.06F, 1.03F, 0.97F, 0.94F, 0.91F, 0.88F, 0.85F, 0.81F, 0.77F, 0.72F, 0.66F, 0.6F};
/// Of 8-bit codes, whose ends are few: more of them would only be cut off.
constexpr std::size_t kRangesOfManyCodes = 4;
/// Times that a least-squares fit follows a rounding.
constexpr int kRefits = 2;

class Search {
 public:
  Search(const Grid& grid, const Scheme& scheme, std::span<const float> values, std::span<const float> importance,
         const GroupParams& start, int minimum_sign)
      : scheme_(scheme),
        values_(values),
        rounding_(grid, values, importance),
        start_(start),
        minimum_sign_(minimum_sign),
        levels_(static_cast<float>(grid.highest_code())) {}

  GroupParams run() {
    consider(start_);
    if (best_error_ == 0 || start_.scale == 0) return best_;
    if (scheme_.scale_dtype == DType::kE8M0) {
      for (const float factor : {0.5F, 2.0F}) consider_power(factor);
    }
    const std::size_t ranges = scheme_.bits >= 7 ? kRangesOfManyCodes : kRanges.size();
    for (std::size_t i = 0; i < ranges; ++i) {
      switch (scheme_.offset) {
        case Offset::kSymmetric:
          try_scale(start_.scale * kRanges[i], start_.zero);
          // Between scales so coarse the least-squares one may round to the same again and again.
          if (scheme_.scale_dtype == DType::kF8E4M3) consider({rounded(start_.scale * kRanges[i]), start_.zero, 0});
          // Which end the extreme code lies at is a choice too.
          if (asymmetric_codes() && kRanges[i] < 1) try_scale(-start_.scale * kRanges[i], start_.zero);
          break;
        case Offset::kMinimum:
        case Offset::kZeroPoint:
          try_range(kRanges[i]);
          break;
      }
    }
    return best_;
  }

 private:
  /// Is one end of the codes further from 0 than the other?
  bool asymmetric_codes() const {
    return scheme_.kind == Scheme::Kind::kTable ? !scheme_.levels->symmetric() : scheme_.bits < 8;
  }

  float rounded(float value) const { return round_scale(scheme_, value); }

  /// Next to powers of two least squares say little: most round to where they came from.
  void consider_power(float factor) {
    GroupParams params = start_;
    params.scale = rounded(start_.scale * factor);
    if (scheme_.offset == Offset::kZeroPoint) {
      const auto [low, high] = std::minmax_element(values_.begin(), values_.end());
      params.zero = std::clamp(std::nearbyint((levels_ - (*high + *low) / params.scale) / 2), 0.0F, levels_);
    }
    consider(params);
  }

  void consider(const GroupParams& params) {
    if (!std::isfinite(params.scale * levels_) || !std::isfinite(params.minimum)) return;
    const float error = rounding_.round(params);
    if (!(error < best_error_)) return;
    best_error_ = error;
    best_ = params;
  }

  /// The scale that is best for the codes that `scale` gives, rounded.
  void try_scale(float scale, float zero) {
    if (scale == 0) return;
    GroupParams params{scale, zero, 0};
    for (int i = 0; i < kRefits; ++i) {
      rounding_.round(params);
      const auto sums = rounding_.sums(0);
      if (!(sums.uu > 0)) return;
      params.scale = rounded(params.scale * (sums.xu / sums.uu));
      consider(params);
      if (params.scale == 0) return;
    }
  }

  void try_range(float factor) {
    const auto [low, high] = std::minmax_element(values_.begin(), values_.end());
    const float least = minimum_sign_ < 0 ? std::min(*low, 0.0F) : *low;
    const float scale = (*high - least) / levels_ * factor;
    if (!(scale > 0)) return;
    // Cut off at the upper end alone, and at both.
    try_line({scale, 0, least});
    try_line({scale, 0, least + (*high - least) * (1 - factor) / 2});
  }

  /// The scale and minimum that are best for the codes, as least squares have them, rounded.
  void try_line(GroupParams params) {
    for (int i = 0; i < kRefits; ++i) {
      if (minimum_sign_ < 0) params.minimum = std::min(params.minimum, 0.0F);
      rounding_.round(params);
      const auto sums = rounding_.sums(params.minimum);
      const float determinant = sums.w * sums.uu - sums.u * sums.u;
      if (!(determinant > 0)) return;
      float factor = (sums.w * sums.xu - sums.x * sums.u) / determinant;
      float minimum = (sums.uu * sums.x - sums.u * sums.xu) / determinant;
      if (minimum_sign_ < 0 && minimum > 0) {
        minimum = 0;
        factor = sums.xu / sums.uu;
      }
      params.scale *= factor;
      params.minimum = minimum;
      if (!(params.scale > 0)) return;
      if (scheme_.offset == Offset::kZeroPoint) {
        try_zeros(params);
      } else {
        consider({rounded(params.scale), 0, rounded(params.minimum)});
      }
    }
  }

  /// The integer zero points next to where the line has its own.
  void try_zeros(const GroupParams& line) {
    const float zero = std::nearbyint(-line.minimum / line.scale);
    for (const float step : {-1.0F, 0.0F, 1.0F}) try_scale(line.scale, std::clamp(zero + step, 0.0F, levels_));
  }

  const Scheme& scheme_;
  std::span<const float> values_;
  WeightedRounding rounding_;
  GroupParams start_, best_;
  int minimum_sign_;
  float levels_;
  float best_error_ = std::numeric_limits<float>::infinity();
};

}  // namespace

GroupParams search_params(const Grid& grid, const Scheme& scheme, std::span<const float> values,
                          std::span<const float> importance, const GroupParams& start, int minimum_sign) {
  return Search(grid, scheme, values, importance, start, minimum_sign).run();
}

}  // namespace kerf::codec
