#pragma once

#include <cstdint>

namespace kerf::ops {

/// Sums and maxima along a row go over 16 lanes, element i into lane i mod 16, and the lanes are joined in pairs: an
/// order that vector code can follow on any instruction set without changing it.
inline constexpr std::int64_t kLanes = 16;

template <typename T>
T join_lanes(T (&lanes)[kLanes]) {
  for (std::int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::int64_t l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  }
  return lanes[0];
}

/// Sum of term(i) for i in [0, count), accumulated in T.
template <typename T, typename Term>
T lane_sum(std::int64_t count, const Term& term) {
  T lanes[kLanes] = {};
  const std::int64_t whole = count - count % kLanes;
  for (std::int64_t i = 0; i < whole; i += kLanes) {
#pragma omp simd
    for (std::int64_t l = 0; l < kLanes; ++l) lanes[l] += term(i + l);
  }
  for (std::int64_t i = whole; i < count; ++i) lanes[i - whole] += term(i);
  return join_lanes(lanes);
}

/// The largest of x[0, count), count > 0; NaN is ignored.
float row_max(const float* x, std::int64_t count);

/// x[i] = e^(x[i] - max x) / sum, in place; count > 0.
void softmax_row(float* x, std::int64_t count);

}  // namespace kerf::ops
