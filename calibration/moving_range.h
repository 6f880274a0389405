#pragma once

#include <cstdint>

#include "core/tensor.h"

namespace kerf::calibration {

/// The state of the observer "moving_range": an exponential moving average of the windows' ranges, as PyTorch's
/// MovingAverageMinMaxObserver keeps it, m_1 = range of the first window, m_n = (1 - c) m_{n-1} + c range_n with c =
/// 0.01; but held so that the states of two texts, one after the other, make the state of both.
struct MovingRange {
  static constexpr double kConstant = 0.01;
  /// Places in the state: the first window's range, sums of c (1 - c)^(n-i) range_i, and the number of windows n.
  static constexpr std::int64_t kFirstLow = 0, kFirstHigh = 1, kLow = 2, kHigh = 3, kWindows = 4, kSize = 5;

  /// m_n.
  static double low(const Tensor& state);
  static double high(const Tensor& state);
};

}  // namespace kerf::calibration
