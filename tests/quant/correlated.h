#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "calibration/statistics.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {

/// Inputs whose channels depend on each other, as activations do, and differ in size.
inline Tensor uneven_inputs(std::int64_t tokens, std::int64_t cols, std::uint64_t seed) {
  const std::int64_t hidden = cols / 4 + 1;
  const Tensor mix = test::random_normal({hidden, cols}, seed + 1), base = test::random_normal({tokens, hidden}, seed);
  Tensor x = test::random_normal({tokens, cols}, seed + 2, 0.3f);
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t c = 0; c < cols; ++c) {
      float& value = x.data<float>()[t * cols + c];
      for (std::int64_t h = 0; h < hidden; ++h) {
        value += base.data<float>()[t * hidden + h] * mix.data<float>()[h * cols + c];
      }
      value *= std::exp(0.8f * std::sin(static_cast<float>(3 * c)));
    }
  }
  return x;
}

inline calibration::Statistics observed(const Tensor& x, const std::vector<std::string>& observers) {
  calibration::Statistics statistics(x.dim(1), observers);
  statistics.observe(x.data<float>(), x.dim(0));
  return statistics;
}

/// Mean |(w - v) x|^2 over that of |w x|^2, by its definition.
inline double output_error(const Tensor& weights, const Tensor& values, const Tensor& x) {
  double error = 0, whole = 0;
  const std::int64_t rows = weights.dim(0), cols = weights.dim(1);
  for (std::int64_t t = 0; t < x.dim(0); ++t) {
    for (std::int64_t r = 0; r < rows; ++r) {
      double e = 0, y = 0;
      for (std::int64_t c = 0; c < cols; ++c) {
        const double in = x.data<float>()[t * cols + c], w = weights.data<float>()[r * cols + c];
        e += (w - static_cast<double>(values.data<float>()[r * cols + c])) * in;
        y += w * in;
      }
      error += e * e;
      whole += y * y;
    }
  }
  return error / whole;
}

/// a x = b by Gauss and Jordan, of a symmetric positive definite a.
inline std::vector<double> solved(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t r = 0; r < n; ++r) {
      if (r == i) continue;
      const double factor = a[r][i] / a[i][i];
      for (std::size_t c = i; c < n; ++c) a[r][c] -= factor * a[i][c];
      b[r] -= factor * b[i];
    }
  }
  for (std::size_t i = 0; i < n; ++i) b[i] /= a[i][i];
  return b;
}

/// The values at `columns` that are nearest to `row`'s outputs if all others are zero: H_SS v = H_S: w.
inline std::vector<double> least_squares(const Tensor& hessian, const float* row,
                                         const std::vector<std::int64_t>& columns) {
  const std::int64_t cols = hessian.dim(0);
  std::vector<std::vector<double>> a;
  std::vector<double> b;
  for (const std::int64_t i : columns) {
    a.emplace_back();
    for (const std::int64_t j : columns) a.back().push_back(hessian.data<float>()[i * cols + j]);
    b.push_back(0);
    for (std::int64_t j = 0; j < cols; ++j) {
      b.back() += static_cast<double>(hessian.data<float>()[i * cols + j]) * static_cast<double>(row[j]);
    }
  }
  return solved(std::move(a), std::move(b));
}

}  // namespace kerf::quant
