#include "codec/weighted_rounding.h"

namespace kerf::codec {

WeightedRounding::WeightedRounding(const Grid& grid, std::span<const float> values, std::span<const float> importance)
    : grid_(grid), values_(values), importance_(importance), codes_(values.size()), approximations_(values.size()) {}

float WeightedRounding::round(const GroupParams& params) {
  grid_.encode_run(values_, params, codes_, approximations_);
  const float* const x = values_.data();
  const float* const y = approximations_.data();
  const float* const w = importance_.data();
  const std::size_t count = values_.size();
  float sum = 0;
  if (importance_.empty()) {
#pragma omp simd reduction(+ : sum)
    for (std::size_t i = 0; i < count; ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
  } else {
#pragma omp simd reduction(+ : sum)
    for (std::size_t i = 0; i < count; ++i) sum += w[i] * ((x[i] - y[i]) * (x[i] - y[i]));
  }
  return sum;
}

WeightedRounding::Sums WeightedRounding::sums(float offset) const {
  const float* const values = values_.data();
  const float* const y = approximations_.data();
  const float* const weights = importance_.data();
  const std::size_t count = values_.size();
  float w = 0, x = 0, u = 0, xu = 0, uu = 0;
  if (importance_.empty()) {
    w = static_cast<float>(count);
#pragma omp simd reduction(+ : x, u, xu, uu)
    for (std::size_t i = 0; i < count; ++i) {
      const float step = y[i] - offset;
      x += values[i];
      u += step;
      xu += values[i] * step;
      uu += step * step;
    }
  } else {
#pragma omp simd reduction(+ : w, x, u, xu, uu)
    for (std::size_t i = 0; i < count; ++i) {
      const float step = y[i] - offset, weighted = weights[i] * step;
      w += weights[i];
      x += weights[i] * values[i];
      u += weighted;
      xu += weighted * values[i];
      uu += weighted * step;
    }
  }
  return {w, x, u, xu, uu};
}

}  // namespace kerf::codec
