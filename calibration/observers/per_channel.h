#pragma once

#include <cstdint>

#include "core/tensor.h"

namespace kerf::calibration {

inline Shape per_channel_shape(std::int64_t cols) { return {cols}; }

/// Folds every token into a per-channel f64 state: state[c] = combine(state[c], x[r, c]), tokens in order.
template <typename Combine>
void fold_channels(const float* x, std::int64_t rows, std::int64_t cols, Tensor& state, Combine combine) {
  double* const sums = state.data<double>();
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* const row = x + r * cols;
    for (std::int64_t c = 0; c < cols; ++c) sums[c] = combine(sums[c], static_cast<double>(row[c]));
  }
}

}  // namespace kerf::calibration
