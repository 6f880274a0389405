#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "codec/scheme.h"
#include "core/tensor.h"
#include "graph/tensor_source.h"

namespace kerf::formats::onnx {

/// A weight of integer codes [rows, cols] with scales, as the operators of quantized graphs hold it.
struct WeightCodes {
  codec::Scheme scheme;  ///< plain integers, symmetric or with zero points
  std::int64_t rows = 0, cols = 0;
  std::string label{};  ///< for errors: "file: tensor 'name'"
  std::uint64_t stored_bytes = 0;
  /// Codes of rows [first, first + count), one a byte, from 0: symmetric ones have 2^(bits-1) in place of 0.
  std::function<void(std::int64_t first, std::int64_t count, std::uint8_t* out)> read{};
  /// f32 [scale_rows, groups], and codes of the same count; zero points only if the scheme has them.
  std::function<Tensor()> scales{};
  std::function<std::vector<std::uint8_t>()> zero_points{};
};

/// The values, and the codes for who wants those.
graph::SourcePtr make_codes_source(WeightCodes codes);

/// A scheme by bits, columns that share a scale (0: all of a row) and whether there are zero points other than the
/// middle; scales of `scale_dtype`. Error(kUsage) if kerf has no such scheme.
codec::Scheme codes_scheme(int bits, std::int64_t group_size, bool per_tensor, bool zero_points, DType scale_dtype);

}  // namespace kerf::formats::onnx
