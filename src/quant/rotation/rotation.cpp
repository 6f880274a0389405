#include "quant/rotation/rotation.h"

#include <cmath>
#include <numbers>

#include "core/random.h"

namespace kerf::quant {
namespace {

std::vector<double> cosine_transform(std::int64_t n) {
  std::vector<double> matrix;
  matrix.reserve(static_cast<std::size_t>(n * n));
  const auto size = static_cast<double>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t k = 0; k < n; ++k) {
      const double angle = std::numbers::pi * (static_cast<double>(i) + 0.5) * static_cast<double>(k) / size;
      matrix.push_back(std::sqrt((k == 0 ? 1.0 : 2.0) / size) * std::cos(angle));
    }
  }
  return matrix;
}

/// Butterflies over the power of two; neighbours are `stride` apart.
void hadamard(double* x, std::int64_t n, std::int64_t stride) {
  for (std::int64_t half = stride; half < n; half *= 2) {
    for (std::int64_t begin = 0; begin < n; begin += 2 * half) {
      for (std::int64_t i = begin; i < begin + half; ++i) {
        const double a = x[i], b = x[i + half];
        x[i] = a + b;
        x[i + half] = a - b;
      }
    }
  }
  const double norm = 1 / std::sqrt(static_cast<double>(n / stride));
  for (std::int64_t i = 0; i < n; ++i) x[i] *= norm;
}

}  // namespace

Rotation::Rotation(std::int64_t n, std::uint64_t seed) : odd_(n) {
  while (odd_ % 2 == 0) odd_ /= 2;
  if (odd_ > 1) cosines_ = cosine_transform(odd_);
  Random random(seed);
  for (std::int64_t i = 0; i < n; ++i) signs_.push_back(random.below(2) == 0 ? 1.0 : -1.0);
}

void Rotation::apply(double* x) const {
  for (std::size_t i = 0; i < signs_.size(); ++i) x[i] *= signs_[i];
  hadamard(x, size(), odd_);
  if (odd_ == 1) return;
  std::vector<double> part(static_cast<std::size_t>(odd_));
  for (double* begin = x; begin != x + size(); begin += odd_) {
    part.assign(part.size(), 0.0);
    for (std::int64_t i = 0; i < odd_; ++i) {
      const double* const row = cosines_.data() + i * odd_;
      for (std::int64_t k = 0; k < odd_; ++k) part[static_cast<std::size_t>(k)] += begin[i] * row[k];
    }
    std::copy(part.begin(), part.end(), begin);
  }
}

}  // namespace kerf::quant
