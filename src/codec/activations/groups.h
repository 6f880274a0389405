#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>

#include "codec/activation.h"

namespace kerf::codec {

/// Calls round_group(run of values, parameters) for all that share them: of a dynamic scheme each token, or each group
/// of its columns, with parameters fitted to it; of a static one each token with the calibrated ones. Runs that hold
/// nothing but 0, or something that is not finite (or within a factor of 2 of that), are left alone.
template <typename Fit, typename RoundGroup>
void round_activations(const ActivationScheme& scheme, const ActivationParams& calibrated, float* values,
                       std::int64_t rows, std::int64_t cols, Fit fit, RoundGroup round_group) {
  const std::int64_t width = scheme.group_size > 0 ? std::min(scheme.group_size, cols) : cols;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t begin = 0; begin < cols; begin += width) {
      const std::span<float> group(values + row * cols + begin,
                                   static_cast<std::size_t>(std::min(width, cols - begin)));
      ValueRange range = value_range(group);
      // NaN is not within either; beyond the bounds the largest code's value might overflow.
      if (!(range.low > -0x1p127F && range.high < 0x1p127F)) continue;
      range = {std::min(range.low, 0.0F), std::max(range.high, 0.0F)};
      const ActivationParams params = scheme.dynamic ? fit(scheme, std::as_const(range)) : calibrated;
      if (params.scale > 0 && std::isfinite(params.scale)) round_group(group, params);
    }
  }
}

}  // namespace kerf::codec
