#pragma once

#include <memory>
#include <vector>

#include "codec/fitter.h"
#include "codec/grid.h"
#include "codec/quantized_tensor.h"
#include "codec/scheme.h"
#include "graph/tensor_source.h"
#include "sweep/value_store.h"

namespace kerf::quant {

/// Codes rounded to nearest, the parameters by `rule`. Reads its source when asked, holds nothing: a conversion
/// without data streams through this. read_quantized() throws Error(kInput) naming the weight and row if a scale does
/// not fit the scheme's scale dtype.
graph::SourcePtr make_rtn_source(graph::SourcePtr source, codec::Scheme scheme,
                                 codec::FitRule rule = codec::FitRule::kRange);

/// A matrix [rows, columns.size()] with zeros between its columns, so that it has `cols`: column i of the source is
/// column columns[i].
graph::SourcePtr make_spread_source(graph::SourcePtr source, std::vector<std::int64_t> columns, std::int64_t cols);

/// Codes that a method chose. The codes count towards `budget` and go to its scratch file when it is used up.
graph::SourcePtr make_quantized_source(codec::QuantizedTensor tensor, const graph::TensorSource& original,
                                       const std::shared_ptr<sweep::Budget>& budget);

/// Values [rows, cols] that were computed, f32; they count towards `budget` in the same way.
graph::SourcePtr make_stored_source(Tensor values, const graph::TensorSource& original,
                                    const std::shared_ptr<sweep::Budget>& budget);

/// Codes in memory, shared with whoever makes the next ones.
graph::SourcePtr make_codes_source(std::shared_ptr<const codec::QuantizedTensor> tensor, Shape shape,
                                   std::string label);

/// Values rounded to a float dtype. read_rows() throws Error(kInput) if a value does not fit.
graph::SourcePtr make_rounded_source(graph::SourcePtr source, DType dtype);

/// Rounds weights of one scheme to nearest.
class Rounder {
 public:
  explicit Rounder(const codec::Scheme& scheme, codec::FitRule rule = codec::FitRule::kRange)
      : fitter_(codec::make_fitter(scheme, rule)), grid_(codec::make_grid(scheme)) {}

  const codec::Grid& grid() const { return *grid_; }
  const codec::Fitter& fitter() const { return *fitter_; }
  /// Rows [first, first + count) of `values` [count, cols] into `tensor`. Not for schemes that share scales between
  /// rows. `importance`: a weight of each column's squared errors, or empty. `label` names the weight in errors.
  void round_rows(const float* values, std::span<const float> importance, std::int64_t first, std::int64_t count,
                  codec::QuantizedTensor& tensor, const std::string& label) const;
  /// The parameters that rows of `values` [count, cols] share, of which the first is row `first` of the weight: all
  /// rows of the scales that `first` and those below it have a part in. `tensor` needs no codes.
  void fit_shared(const float* values, std::span<const float> importance, std::int64_t first, std::int64_t count,
                  codec::QuantizedTensor& tensor, const std::string& label) const;
  /// Codes of rows [first, first + count), `values` [count, cols], by the parameters of `parameters` -> `codes`.
  void encode_rows(const float* values, std::int64_t first, std::int64_t count,
                   const codec::QuantizedTensor& parameters, std::uint8_t* codes) const;
  /// A whole weight [rows, cols].
  codec::QuantizedTensor round(const Tensor& values, std::span<const float> importance, const codec::Scheme& scheme,
                               const std::string& label) const;

 private:
  void fit_row(const float* values, std::span<const float> importance, std::int64_t row, codec::QuantizedTensor& tensor,
               const std::string& label) const;

  std::unique_ptr<const codec::Fitter> fitter_;
  std::unique_ptr<const codec::Grid> grid_;
};

/// A whole weight [rows, cols] rounded to nearest; parameters by range.
codec::QuantizedTensor round_to_nearest(const Tensor& values, const codec::Scheme& scheme, const std::string& label);

/// Error(kInput): a scale or minimum of `row` of the weight `label` does not fit the scheme's scale dtype.
[[noreturn]] void throw_scale_overflow(const std::string& label, const codec::Scheme& scheme, std::int64_t row);

}  // namespace kerf::quant
