#pragma once

#include <memory>
#include <vector>

#include "codec/grid.h"
#include "codec/quantized_tensor.h"
#include "codec/scheme.h"
#include "graph/tensor_source.h"
#include "sweep/value_store.h"

namespace kerf::quant {

/// Codes rounded to nearest, each group by its own range. Reads its source when asked, holds nothing: a conversion
/// without data streams through this. read_quantized() throws Error(kInput) naming the weight and row if a scale does
/// not fit the scheme's scale dtype.
graph::SourcePtr make_rtn_source(graph::SourcePtr source, codec::Scheme scheme);

/// Codes that a method chose. The codes count towards `budget` and go to its scratch file when it is used up.
graph::SourcePtr make_quantized_source(codec::QuantizedTensor tensor, const graph::TensorSource& original,
                                       const std::shared_ptr<sweep::Budget>& budget);

/// Values rounded to a float dtype. read_rows() throws Error(kInput) if a value does not fit.
graph::SourcePtr make_rounded_source(graph::SourcePtr source, DType dtype);

/// Rounds rows [first, first + count) of `values` [count, cols] into `tensor`; parameters by range. Not for per-tensor
/// schemes. `label` names the weight in errors.
void round_rows(const float* values, std::int64_t first, std::int64_t count, const codec::Grid& grid,
                codec::QuantizedTensor& tensor, const std::string& label);

/// A whole weight [rows, cols] rounded to nearest.
codec::QuantizedTensor round_to_nearest(const Tensor& values, const codec::Scheme& scheme, const std::string& label);

/// Error(kInput): a scale or minimum of `row` of the weight `label` does not fit the scheme's scale dtype.
[[noreturn]] void throw_scale_overflow(const std::string& label, const codec::Scheme& scheme, std::int64_t row);

}  // namespace kerf::quant
