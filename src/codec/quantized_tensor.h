#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/scheme.h"

namespace kerf::codec {

/// Codes, scales and offsets of one weight matrix. Pure data: what was measured is what is written, and every format
/// writes exactly these numbers. Values are defined in f32, one rounding per operation:
///   symmetric   w = scale * float(code - 2^(bits-1))
///   zero point  w = scale * float(code - zero_point)
///   minimum     w = scale * float(code) + minimum
///   levels      w = scale * levels[code]
/// where super-blocks make a scale and minimum of their codes: scale = super_scale * float(scale_code), minimum =
/// -(super_minimum * float(minimum_code)).
struct QuantizedTensor {
  Scheme scheme;
  std::int64_t rows = 0, cols = 0;
  std::vector<std::uint8_t> codes;  ///< [rows, cols], one code a byte
  std::vector<float>
      scales;  ///< [scale_rows, groups]; without super-blocks exact in scheme.scale_dtype, times its unit
  std::vector<std::uint8_t> zero_points;  ///< [scale_rows, groups]; only for Offset::kZeroPoint
  std::vector<float> minima;              ///< [scale_rows, groups]; only for Offset::kMinimum
  // Only for super-blocks, of which `scales` and `minima` are made:
  std::vector<std::int8_t> scale_codes;     ///< [rows, groups]
  std::vector<std::uint8_t> minimum_codes;  ///< [rows, groups]; only for Offset::kMinimum
  std::vector<float> super_scales;          ///< [rows, super_blocks]; each exact in scheme.scale_dtype
  std::vector<float> super_minima;          ///< [rows, super_blocks]; only for Offset::kMinimum

  std::int64_t groups() const { return scheme.groups(cols); }
  /// Index into scales/zero_points/minima of the group that holds (row, col).
  std::int64_t group_index(std::int64_t row, std::int64_t col) const;
  /// Index into super_scales/super_minima of the super-block that holds (row, col).
  std::int64_t super_index(std::int64_t row, std::int64_t col) const;
  /// Makes the scales and minima of the super-block that begins at (row, col) from its codes and super-scale.
  void expand_super_block(std::int64_t row, std::int64_t col);
};

/// A tensor of the right sizes without codes: what belongs to them alone, all zero. Error(kUsage) if the scheme has
/// none.
QuantizedTensor make_parameters(const Scheme& scheme, std::int64_t rows, std::int64_t cols);
/// A tensor of the right sizes, all zero. Errors as make_parameters().
QuantizedTensor make_quantized(const Scheme& scheme, std::int64_t rows, std::int64_t cols);
/// Values of rows [first, first + count) -> out [count, cols]; on the calling thread.
void dequantize_rows(const QuantizedTensor& tensor, std::int64_t first, std::int64_t count, float* out);
/// The same where the codes live elsewhere: `codes` [count, cols] are those of the rows, tensor.codes is not looked at.
void dequantize_rows(const QuantizedTensor& tensor, const std::uint8_t* codes, std::int64_t first, std::int64_t count,
                     float* out);
/// Bits of codes, scales, zero points and minima as the scheme defines them, without a container's padding.
/// Error(kUsage) for "none", whose size is the source's to say.
std::uint64_t storage_bits(const Scheme& scheme, std::int64_t rows, std::int64_t cols);

}  // namespace kerf::codec
