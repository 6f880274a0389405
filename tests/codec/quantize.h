#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

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
  return scheme;
}

/// Columns of the group that starts at `col`.
inline std::size_t group_count(const QuantizedTensor& tensor, std::int64_t col) {
  return static_cast<std::size_t>(std::min(tensor.scheme.group_width(tensor.cols), tensor.cols - col));
}

/// Round-to-nearest of [rows, cols] weights in the plainest way: each group by its range, each value by itself.
inline QuantizedTensor quantize(const Scheme& scheme, std::int64_t rows, std::int64_t cols,
                                const std::vector<float>& weights) {
  QuantizedTensor tensor = make_quantized(scheme, rows, cols);
  const auto grid = make_grid(scheme);
  bool overflow = false;
  const bool whole = scheme.granularity == Granularity::kTensor;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t col = 0; col < cols; col += scheme.group_width(cols)) {
      const float* data = weights.data() + row * cols + col;
      const std::size_t count = group_count(tensor, col);
      const auto params = grid->fit(whole ? std::span<const float>(weights) : std::span(data, count), overflow);
      set_params(tensor, tensor.group_index(row, col), params);
      for (std::size_t i = 0; i < count; ++i) {
        tensor.codes[static_cast<std::size_t>(row * cols + col) + i] = grid->encode(data[i], params);
      }
    }
  }
  return tensor;
}

inline std::vector<float> dequantize(const QuantizedTensor& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.rows * tensor.cols));
  dequantize_rows(tensor, 0, tensor.rows, values.data());
  return values;
}

/// Scheme names of integer schemes, as registered.
inline std::vector<std::string> quantized_scheme_names() {
  std::vector<std::string> names;
  for (const std::string& name : scheme_names()) {
    if (parse_scheme(name).quantized()) names.push_back(name);
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
