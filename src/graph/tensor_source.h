#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/quantized_tensor.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "core/tensor.h"

namespace kerf::graph {

/// Where a weight's values come from, read when needed: a range of a file, or a view of another source. Thread-safe.
class TensorSource {
 public:
  TensorSource(DType dtype, Shape shape, std::string label)
      : dtype_(dtype), shape_(std::move(shape)), label_(std::move(label)) {}
  virtual ~TensorSource() = default;

  DType dtype() const { return dtype_; }  ///< of the stored values (the scale's dtype if they are quantized)
  const Shape& shape() const { return shape_; }
  const std::string& label() const { return label_; }  ///< "file: tensor 'name'", for errors
  std::int64_t rows() const;                           ///< shape[0], or 1 for a scalar
  std::int64_t row_size() const;                       ///< elements of a row: the product of the other dimensions

  /// Rows [first, first + count) as f32. Error(kInput) naming tensor and index if a value is not finite.
  virtual void read_rows(std::int64_t first, std::int64_t count, float* out) const = 0;
  /// The codes, if the stored values are quantized; nullopt for float sources.
  virtual std::optional<codec::QuantizedTensor> read_quantized() const { return std::nullopt; }
  /// The scheme of read_quantized() without reading it.
  virtual std::optional<codec::Scheme> scheme() const { return std::nullopt; }
  /// What is in the file, for people: the scheme's name, or the dtype's ("f8_e4m3 with scales of 128x128").
  virtual std::string stored_as() const;
  /// The scheme whose rounding the values went through: scheme(), or that of what this is a view of.
  virtual std::optional<codec::Scheme> rounded_to() const { return scheme(); }
  /// Bytes in the file, all parts.
  virtual std::uint64_t stored_bytes() const { return static_cast<std::uint64_t>(numel(shape_)) * dtype_bytes(dtype_); }

  /// All of it.
  Tensor read() const;

 private:
  DType dtype_;
  Shape shape_;
  std::string label_;
};

using SourcePtr = std::shared_ptr<const TensorSource>;

/// Tensors of a checkpoint by name. Ordered, so that everything that iterates is deterministic.
using SourceMap = std::map<std::string, SourcePtr, std::less<>>;

/// Values in memory (a generated table, a test).
SourcePtr make_memory_source(Tensor values, std::string label);
/// The transpose of a matrix (GPT-2's Conv1D stores [in, out]).
SourcePtr make_transposed_source(SourcePtr source);
/// Rows of `source` in another order or a subset of them: row i of the result is row rows[i] of the source.
SourcePtr make_row_gather_source(SourcePtr source, std::vector<std::int64_t> rows);

}  // namespace kerf::graph
