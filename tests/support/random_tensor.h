#pragma once

#include <cmath>
#include <cstdint>

#include "core/random.h"
#include "core/tensor.h"

namespace kerf::test {

/// Normally distributed values (Box-Muller over core/random.h: the same on every platform).
inline Tensor random_normal(Shape shape, std::uint64_t seed, float scale = 1.0f) {
  constexpr double kTwoPi = 6.283185307179586;
  Random random(seed);
  Tensor tensor(DType::kF32, std::move(shape));
  for (float& value : tensor.values<float>()) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - random.uniform()));
    value = scale * static_cast<float>(radius * std::cos(kTwoPi * random.uniform()));
  }
  return tensor;
}

}  // namespace kerf::test
