#include "codec/quantized_tensor.h"

#include <algorithm>

#include "codec/affine.h"
#include "codec/grid.h"
#include "core/error.h"

namespace kerf::codec {

namespace {

/// Calls run(params, first column, columns) for each group of a row.
template <typename Run>
void for_each_group(const QuantizedTensor& tensor, std::int64_t row, Run run) {
  const std::int64_t width = tensor.scheme.group_width(tensor.cols);
  std::int64_t index = tensor.group_index(row, 0);
  for (std::int64_t col = 0; col < tensor.cols; col += width, ++index) {
    run(get_params(tensor, index), col, static_cast<std::size_t>(std::min(width, tensor.cols - col)));
  }
}

template <bool kHasMinimum>
void dequantize_row(const QuantizedTensor& tensor, const std::uint8_t* codes, std::int64_t row, float* out) {
  for_each_group(tensor, row, [&](const GroupParams& params, std::int64_t col, std::size_t count) {
    decode_run<kHasMinimum>(codes + col, count, params, out + col);
  });
}

void dequantize_table_row(const QuantizedTensor& tensor, const std::uint8_t* codes, std::int64_t row, float* out) {
  const float* const levels = tensor.scheme.levels->values.data();
  for_each_group(tensor, row, [&](const GroupParams& params, std::int64_t col, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      out[static_cast<std::size_t>(col) + i] = params.scale * levels[codes[static_cast<std::size_t>(col) + i]];
  });
}

void expect_quantized(const Scheme& scheme) {
  if (!scheme.quantized()) throw_usage("found scheme " + scheme.name + ", expected one with codes");
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
    case Granularity::kBlock:
      return row / scheme.block_rows * groups() + col / scheme.group_size;
  }
  return 0;
}

std::int64_t QuantizedTensor::super_index(std::int64_t row, std::int64_t col) const {
  return row * scheme.super_blocks(cols) + col / scheme.super.cols;
}

void QuantizedTensor::expand_super_block(std::int64_t row, std::int64_t col) {
  const auto block = static_cast<std::size_t>(super_index(row, col));
  const std::int64_t end = std::min(col + scheme.super.cols, cols);
  for (auto group = static_cast<std::size_t>(group_index(row, col)); col < end; col += scheme.group_size, ++group) {
    scales[group] = super_scales[block] * static_cast<float>(scale_codes[group]);
    if (!minima.empty()) minima[group] = -(super_minima[block] * static_cast<float>(minimum_codes[group]));
  }
}

QuantizedTensor make_parameters(const Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  expect_quantized(scheme);
  QuantizedTensor tensor;
  tensor.scheme = scheme;
  tensor.rows = rows;
  tensor.cols = cols;
  const auto scales = static_cast<std::size_t>(scheme.scale_rows(rows) * scheme.groups(cols));
  tensor.scales.resize(scales);
  if (scheme.offset == Offset::kZeroPoint) tensor.zero_points.resize(scales);
  if (scheme.offset == Offset::kMinimum) tensor.minima.resize(scales);
  if (!scheme.has_super_blocks()) return tensor;
  const auto blocks = static_cast<std::size_t>(rows * scheme.super_blocks(cols));
  tensor.scale_codes.resize(scales);
  tensor.super_scales.resize(blocks);
  if (scheme.offset == Offset::kMinimum) {
    tensor.minimum_codes.resize(scales);
    tensor.super_minima.resize(blocks);
  }
  return tensor;
}

QuantizedTensor make_quantized(const Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  QuantizedTensor tensor = make_parameters(scheme, rows, cols);
  tensor.codes.resize(static_cast<std::size_t>(rows * cols));
  return tensor;
}

void dequantize_rows(const QuantizedTensor& tensor, std::int64_t first, std::int64_t count, float* out) {
  dequantize_rows(tensor, tensor.codes.data() + first * tensor.cols, first, count, out);
}

void dequantize_rows(const QuantizedTensor& tensor, const std::uint8_t* codes, std::int64_t first, std::int64_t count,
                     float* out) {
  const auto dequantize = tensor.scheme.kind == Scheme::Kind::kTable ? dequantize_table_row
                          : tensor.scheme.offset == Offset::kMinimum ? dequantize_row<true>
                                                                     : dequantize_row<false>;
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
  const std::uint64_t numbers = scheme.offset == Offset::kMinimum ? 2 : 1;
  const auto groups = static_cast<std::uint64_t>(scheme.scale_rows(rows) * scheme.groups(cols));
  if (scheme.has_super_blocks()) {
    const auto blocks = static_cast<std::uint64_t>(rows * scheme.super_blocks(cols));
    return weights * bits + groups * numbers * static_cast<std::uint64_t>(scheme.super.scale_bits) +
           blocks * numbers * scale_bits;
  }
  const std::uint64_t unit_bits = scheme.unit_by_tensor ? 32 : 0;
  return unit_bits + weights * bits +
         groups * (numbers * scale_bits + (scheme.offset == Offset::kZeroPoint ? bits : 0));
}

}  // namespace kerf::codec
