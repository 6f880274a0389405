#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "codec/fitter.h"
#include "codec/grid.h"
#include "codec/quantized_tensor.h"
#include "core/random.h"

namespace kerf::codec {

/// Bell-shaped weights: the sum of three uniform numbers, variance (width / 2)^2.
inline std::vector<float> random_weights(std::uint64_t seed, std::int64_t count, float width = 0.02F) {
  Random random(seed);
  std::vector<float> weights(static_cast<std::size_t>(count));
  for (float& weight : weights) {
    weight = static_cast<float>(random.uniform() + random.uniform() + random.uniform() - 1.5) * width;
  }
  return weights;
}

/// A scheme whose scales are of another dtype than its name's default.
inline Scheme with_scales(Scheme scheme, DType scale_dtype) {
  scheme.scale_dtype = scale_dtype;
  scheme.unit_by_tensor = scale_dtype == DType::kF8E4M3;
  return scheme;
}

/// Round-to-nearest of [rows, cols] weights in the plainest way: parameters by `rule`, each value by itself.
inline QuantizedTensor quantize(const Scheme& named, std::int64_t rows, std::int64_t cols,
                                const std::vector<float>& weights, FitRule rule = FitRule::kRange,
                                std::span<const float> importance = {}) {
  const Scheme scheme = with_unit(named, std::span<const float>(weights));
  QuantizedTensor tensor = make_quantized(scheme, rows, cols);
  const auto grid = make_grid(scheme);
  const auto fitter = make_fitter(scheme, rule);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t col = 0; col < cols && row % scheme.group_height(rows) == 0; col += fitter->width(cols)) {
      const auto count = static_cast<std::size_t>(std::min(fitter->width(cols), cols - col));
      std::vector<float> values, weighted;
      for (std::int64_t r = row; r < std::min(rows, row + scheme.group_height(rows)); ++r) {
        const auto begin = weights.begin() + r * cols + col;
        values.insert(values.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
        if (importance.empty()) continue;
        const auto own = importance.subspan(static_cast<std::size_t>(col), count);
        weighted.insert(weighted.end(), own.begin(), own.end());
      }
      EXPECT_TRUE(fitter->fit(values, weighted, tensor, row, col));
    }
    for (std::int64_t col = 0; col < cols; ++col) {
      const auto at = static_cast<std::size_t>(row * cols + col);
      tensor.codes[at] = grid->encode(weights[at], get_params(tensor, tensor.group_index(row, col)));
    }
  }
  return tensor;
}

inline std::vector<float> dequantize(const QuantizedTensor& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.rows * tensor.cols));
  dequantize_rows(tensor, 0, tensor.rows, values.data());
  return values;
}

/// Names of all schemes with codes, as registered.
inline std::vector<std::string> quantized_scheme_names() {
  std::vector<std::string> names;
  for (const std::string& name : scheme_names()) {
    if (parse_scheme(name).quantized()) names.push_back(name);
  }
  return names;
}

/// Those of integers whose scales stand for themselves.
inline std::vector<std::string> integer_scheme_names() {
  std::vector<std::string> names;
  for (const std::string& name : quantized_scheme_names()) {
    if (parse_scheme(name).plain_integer()) names.push_back(name);
  }
  return names;
}

/// A name that GoogleTest accepts: "int4-g32" -> "int4_g32".
inline std::string test_name(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

}  // namespace kerf::codec
