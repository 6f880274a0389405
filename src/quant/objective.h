#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "calibration/statistics.h"
#include "codec/quantized_tensor.h"
#include "core/tensor.h"

namespace kerf::quant {

/// Mean over tokens of ||(W - V) x||^2, divided by the mean of ||W x||^2.
struct OutputError {
  double relative = 0;
  /// The same against what the reference's layer gives, up to a constant that no V changes: where the inputs' drift is
  /// known it says which V is better; otherwise it is `relative`.
  double against_reference = 0;
};

/// Rows of a weight that stand for it where errors are measured.
struct RowSample {
  std::vector<std::int64_t> rows;
  Tensor weights;  ///< [rows, cols]

  /// The same rows of another matrix of the weight's shape.
  Tensor of(const Tensor& whole) const;
  /// The same rows of codes for the whole weight, as values.
  Tensor of(const codec::QuantizedTensor& whole) const;
};
/// At most so many rows, evenly spaced; all of them where one scale is for the whole weight.
RowSample sample_rows(const Tensor& weights, const codec::Scheme& scheme, std::int64_t most = 128);

/// The layer objective of the sites that read the same inputs: by their outer_product, or only its diagonal where
/// nothing but sum_squares was collected.
class Objective {
 public:
  /// `seen` must outlive this.
  explicit Objective(const calibration::Statistics& seen);

  /// Can errors be measured with these statistics?
  static bool measurable(const calibration::Statistics& seen);
  /// Errors of each of `approximations`, all [rows, cols] as `weights`.
  std::vector<OutputError> measure(const Tensor& weights, std::span<const Tensor> approximations) const;

 private:
  Tensor multiply(const Tensor& rows) const;

  const calibration::Statistics& seen_;
  Tensor hessian_;  ///< symmetric [cols, cols], or its diagonal [cols]
};

/// OutputError::relative on a sample of the rows.
double relative_objective(const Tensor& weights, const codec::QuantizedTensor& quantized,
                          const calibration::Statistics& statistics);

/// Channels whose inputs are, but for one part in a thousand of their energy, no combination of other channels': the
/// rank of the outer_product, numerically. -1 if that was not collected.
std::int64_t numerical_rank(const calibration::Statistics& seen);

}  // namespace kerf::quant
