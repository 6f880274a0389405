#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/onnx/quantized/weight_form.h"

namespace kerf::formats::onnx {

/// Why a scheme is no such codes as ONNX has: integers of 4 or 8 bits, symmetric or with zero points. Names the nearest
/// scheme that is; nullopt if there is no reason.
std::optional<std::string> integer_refusal(const codec::Scheme& scheme);
/// Why the dtype of the scheme's scales does not fit a graph of `float_type`; nullopt if it does.
std::optional<std::string> scale_refusal(const QuantizedWeight& weight);

inline bool has_zero_points(const QuantizedWeight& weight) { return weight.scheme.offset == codec::Offset::kZeroPoint; }
/// Names of a whole matrix' codes and what belongs to them, in standard operators. points: empty if there are none.
struct MatrixNames {
  explicit MatrixNames(const QuantizedWeight& weight)
      : codes(weight.name + "_quantized"),
        scales(weight.name + "_scale"),
        points(has_zero_points(weight) ? weight.name + "_zero_point" : "") {}
  std::string codes, scales, points;
};

/// The matrix [rows, cols] as [cols, rows].
template <typename T>
std::vector<T> turned(const std::vector<T>& values, std::int64_t rows, std::int64_t cols) {
  std::vector<T> result(values.size());
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      result[static_cast<std::size_t>(c * rows + r)] = values[static_cast<std::size_t>(r * cols + c)];
    }
  }
  return result;
}

/// Codes from 0 as signed integers of as many bits: the bytes of INT8, the low halves of INT4.
std::vector<std::uint8_t> centred(std::vector<std::uint8_t> codes, int bits);
/// Bytes as they are.
std::vector<std::byte> as_bytes(const std::vector<std::uint8_t>& codes);

/// Blocks of columns of a power of two from 16 to 256, as com.microsoft's operators have them. A scheme's larger groups
/// are several of them, with the same scale.
struct Blocks {
  std::int64_t size = 0, count = 0;  ///< columns of one, and how many there are in a row
  bool repeated = false;             ///< the scheme has fewer scales
};
/// nullopt if the scheme's groups are no such blocks.
std::optional<Blocks> blocks_of(const codec::Scheme& scheme, std::int64_t cols);
std::string blocks_refusal(const codec::Scheme& scheme);
std::string repeated_scales_note(const QuantizedWeight& weight);
/// For each row and block what the tensor has at that place: its scales, or its zero points.
template <typename T>
std::vector<T> by_block(const codec::QuantizedTensor& tensor, const std::vector<T>& values, const Blocks& blocks) {
  std::vector<T> result;
  result.reserve(static_cast<std::size_t>(tensor.rows * blocks.count));
  for (std::int64_t r = 0; r < tensor.rows; ++r) {
    for (std::int64_t b = 0; b < blocks.count; ++b) {
      result.push_back(values[static_cast<std::size_t>(tensor.group_index(r, b * blocks.size))]);
    }
  }
  return result;
}
/// Codes [rows, cols] of 4 or 8 bits, the first in the low half, each row filled up to `row_bytes` with 0.
std::vector<std::byte> packed_rows(const std::vector<std::uint8_t>& codes, std::int64_t rows, std::int64_t cols,
                                   int bits, std::int64_t row_bytes);

}  // namespace kerf::formats::onnx
