#include "codec/quantized_tensor.h"

#include <algorithm>

#include "codec/affine.h"
#include "codec/grid.h"
#include "core/error.h"

namespace kerf::codec {

namespace {

template <bool kHasMinimum>
void dequantize_row(const QuantizedTensor& tensor, const std::uint8_t* codes, std::int64_t row, float* out) {
  const std::int64_t width = tensor.scheme.group_width(tensor.cols);
  std::int64_t index = tensor.group_index(row, 0);
  for (std::int64_t col = 0; col < tensor.cols; col += width, ++index) {
    const auto count = static_cast<std::size_t>(std::min(width, tensor.cols - col));
    decode_run<kHasMinimum>(codes + col, count, get_params(tensor, index), out + col);
  }
}

void expect_quantized(const Scheme& scheme) {
  if (!scheme.quantized()) throw_usage("found scheme " + scheme.name + ", expected one with integer codes");
}

}  // namespace

std::int64_t QuantizedTensor::group_index(std::int64_t row, std::int64_t col) const {
  switch (scheme.granularity) {
    case Granularity::kTensor:
      return 0;
    case Granularity::kChannel:
      return row;
    case Granularity::kGroup:
      return row * groups() + col / scheme.group_size;
  }
  return 0;
}

QuantizedTensor make_quantized(const Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  expect_quantized(scheme);
  QuantizedTensor tensor;
  tensor.scheme = scheme;
  tensor.rows = rows;
  tensor.cols = cols;
  const auto scales = static_cast<std::size_t>(scheme.scale_rows(rows) * scheme.groups(cols));
  tensor.codes.resize(static_cast<std::size_t>(rows * cols));
  tensor.scales.resize(scales);
  if (scheme.offset == Offset::kZeroPoint) tensor.zero_points.resize(scales);
  if (scheme.offset == Offset::kMinimum) tensor.minima.resize(scales);
  return tensor;
}

void dequantize_rows(const QuantizedTensor& tensor, std::int64_t first, std::int64_t count, float* out) {
  dequantize_rows(tensor, tensor.codes.data() + first * tensor.cols, first, count, out);
}

void dequantize_rows(const QuantizedTensor& tensor, const std::uint8_t* codes, std::int64_t first, std::int64_t count,
                     float* out) {
  const auto dequantize = tensor.scheme.offset == Offset::kMinimum ? dequantize_row<true> : dequantize_row<false>;
  for (std::int64_t i = 0; i < count; ++i) {
    dequantize(tensor, codes + i * tensor.cols, first + i, out + i * tensor.cols);
  }
}

std::uint64_t storage_bits(const Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  const auto weights = static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(cols);
  if (scheme.kind == Scheme::Kind::kFloat) return weights * dtype_bytes(scheme.float_dtype) * 8;
  expect_quantized(scheme);
  const auto bits = static_cast<std::uint64_t>(scheme.bits);
  const std::uint64_t scale_bits = dtype_bytes(scheme.scale_dtype) * 8;
  std::uint64_t group_bits = scale_bits;
  if (scheme.offset == Offset::kZeroPoint) group_bits += bits;
  if (scheme.offset == Offset::kMinimum) group_bits += scale_bits;
  return weights * bits + static_cast<std::uint64_t>(scheme.scale_rows(rows) * scheme.groups(cols)) * group_bits;
}

}  // namespace kerf::codec
