#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/levels.h"
#include "core/dtype.h"
#include "core/shape.h"

namespace kerf::codec {

/// How many weights share one scale.
enum class Granularity {
  kTensor,
  kChannel,
  kGroup,
  kBlock,  ///< of several rows and columns ("-b128x128": DeepSeek, compressed-tensors)
};

/// How a stored code u in [0, 2^bits) becomes a value.
enum class Offset {
  kSymmetric,  ///< w = s * (u - 2^(bits-1)): nothing stored beside the scale
  kZeroPoint,  ///< w = s * (u - z), z an integer code ("-asym": GPTQ, AWQ, ONNX, compressed-tensors)
  kMinimum,    ///< w = s * u + m, m a value in the scale's dtype ("-min": GGUF Q4_1/Q5_1, MLX)
};

/// Scales of groups that are codes themselves, with a scale of their own for the groups of `cols` columns (the two
/// levels of GGUF's K-quants): scale = super_scale * scale_code, and where there are minima, minimum = -(super_minimum
/// * minimum_code).
struct SuperBlock {
  std::int64_t cols = 0;       ///< 0: scales stand for themselves
  int scale_bits = 0;          ///< of scale codes and of minimum codes
  bool signed_scales = false;  ///< scale codes go from -2^(scale_bits-1), else from 0

  bool operator==(const SuperBlock&) const = default;
};

/// What the scales of a tensor are multiples of: a power of two of each tensor's own, no part of which scheme it has.
struct ScaleUnit {
  float value = 1;
  bool operator==(const ScaleUnit&) const { return true; }
};

/// What is stored for one tensor: element type, granularity and the dtype of scales. Pure data.
///
/// A weight is seen as a matrix [rows, cols] = [out_features, in_features]; groups are runs of `group_size` consecutive
/// columns of one row, the last one shorter when group_size does not divide cols. So are super-blocks. Blocks are
/// groups of `block_rows` consecutive rows, the last ones lower when block_rows does not divide rows.
struct Scheme {
  enum class Kind {
    kKeep,     ///< "none": the source's own dtype
    kFloat,    ///< a plain dtype, `float_dtype`
    kInteger,  ///< `bits`-bit codes with scales: integers
    kTable,    ///< the same, but a code stands for what `levels` says
  };

  std::string name;  ///< canonical name, e.g. "int4-g32-asym"
  Kind kind = Kind::kKeep;
  DType float_dtype = DType::kF32;
  int bits = 0;
  Offset offset = Offset::kSymmetric;
  Granularity granularity = Granularity::kChannel;
  std::int64_t group_size = 0;         ///< columns; only for kGroup and kBlock
  std::int64_t block_rows = 0;         ///< rows; only for kBlock
  DType scale_dtype = DType::kF16;     ///< of scales and minima; of a super-block's, where there are such
  bool fixed_scale_dtype = false;      ///< the name says what scale_dtype is; no option changes it
  bool unit_by_tensor = false;         ///< scales are values of scale_dtype times one f32 of the tensor, `unit`
  ScaleUnit unit;                      ///< codec/grid.h chooses it
  const LevelTable* levels = nullptr;  ///< kTable
  SuperBlock super;

  bool quantized() const { return kind == Kind::kInteger || kind == Kind::kTable; }
  /// Integer codes whose scales stand for themselves: what most layouts hold.
  bool plain_integer() const { return kind == Kind::kInteger && super.cols == 0; }
  bool has_super_blocks() const { return super.cols != 0; }
  /// Super-blocks in a row of `cols` columns; 0 without.
  std::int64_t super_blocks(std::int64_t cols) const;
  /// Groups in a row of `cols` columns.
  std::int64_t groups(std::int64_t cols) const;
  /// Do rows share scales, so that none can be rounded by itself?
  bool shares_rows() const { return granularity == Granularity::kTensor || granularity == Granularity::kBlock; }
  /// Are there several scales for a row?
  bool cuts_rows() const { return granularity == Granularity::kGroup || granularity == Granularity::kBlock; }
  /// Rows of the scale matrix for a weight of `rows` rows: 1 for kTensor.
  std::int64_t scale_rows(std::int64_t rows) const;
  /// Rows that share a scale: block_rows, all `rows`, or 1.
  std::int64_t group_height(std::int64_t rows) const;
  /// Columns that share a scale: group_size, or cols.
  std::int64_t group_width(std::int64_t cols) const { return cuts_rows() ? group_size : cols; }
  /// The dtype of plain floats that holds every scale exactly: bf16 for those of 8 bits, whose unit is a power of two.
  DType float_scale_dtype() const;

  bool operator==(const Scheme&) const = default;
};

/// One way of writing scheme names; src/codec/scheme_families.def lists them all.
struct SchemeFamily {
  std::string_view name;              ///< "integer"
  std::string_view grammar;           ///< "int{2..8}[-g{N}|-tensor][-asym|-min]"
  std::string_view summary;           ///< one line for help and docs
  std::vector<std::string> examples;  ///< names for help texts; canonical ones, or aliases in a family of aliases
  std::optional<Scheme> (*parse)(std::string_view lower_case_name);
};

/// All families, in the order of the list.
const std::vector<const SchemeFamily*>& scheme_families();
/// Canonical names of all examples of all families, each once: what conformance tests iterate over.
std::vector<std::string> scheme_names();
/// Any case. Error(kUsage) naming the nearest known scheme if no family knows the name.
Scheme parse_scheme(std::string_view name);

/// Why the scheme's scales cannot be of that dtype, in one sentence; nullopt if they can, or if its name says what they
/// are. e8m0 are powers of two; f8_e4m3 are multiples of a power of two of the tensor's own.
std::optional<std::string> scale_dtype_refusal(const Scheme& scheme, DType scales);
/// With scales of that dtype, unless its name says what they are. Error(kUsage) where scale_dtype_refusal() has a
/// reason.
Scheme with_scale_dtype(Scheme scheme, DType scales);

}  // namespace kerf::codec
