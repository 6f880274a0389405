#include "ops/row_math.h"

#include <algorithm>
#include <limits>

#include "ops/math.h"

namespace kerf::ops {

float row_max(const float* x, std::int64_t count) {
  float lanes[kLanes];
  std::fill(lanes, lanes + kLanes, -std::numeric_limits<float>::infinity());
  const std::int64_t whole = count - count % kLanes;
  for (std::int64_t i = 0; i < whole; i += kLanes) {
#pragma omp simd
    for (std::int64_t l = 0; l < kLanes; ++l) lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
  }
  for (std::int64_t i = whole; i < count; ++i) lanes[i - whole] = std::max(lanes[i - whole], x[i]);
  return *std::max_element(lanes, lanes + kLanes);
}

void softmax_row(float* x, std::int64_t count) {
  const float top = row_max(x, count);
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) x[i] = exp_f32(x[i] - top);
  const float factor = 1.0F / lane_sum<float>(count, [&](std::int64_t i) { return x[i]; });
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) x[i] *= factor;
}

}  // namespace kerf::ops
