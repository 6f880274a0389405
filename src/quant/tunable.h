#pragma once

#include <memory>
#include <vector>

#include "codec/grid.h"
#include "codec/quantized_tensor.h"
#include "graph/graph.h"

namespace kerf::quant {

/// Numbers of a model that are tuned by derivatives: those behind one weight. What is stored of them is rounded, so the
/// steps of the tuning add up in `numbers`, and the derivative passes the rounding as if it were not there
/// (straight-through: Bengio et al. 2013, arXiv:1308.3432).
class Tunable {
 public:
  virtual ~Tunable() = default;

  std::vector<float> numbers;
  /// Mean |number|: what a rate is a fraction of.
  double size() const;
  /// Adds to `by_numbers`, as many as there are numbers, what the derivative of a scalar by the weight says.
  virtual void chain(const Tensor& by_weight, std::vector<float>& by_numbers) const = 0;
  /// The weight as it would be stored. Numbers that the file could not hold stay at their last value.
  virtual graph::SourcePtr source() = 0;
};

/// Scales, and minima where there are any, of a weight whose codes stay. nullptr where steps are too coarse to be
/// tuned (powers of two).
std::unique_ptr<Tunable> make_tunable_scales(codec::QuantizedTensor tensor, const graph::TensorSource& original);
/// A norm's or bias's values, rounded to `dtype`.
std::unique_ptr<Tunable> make_tunable_vector(const graph::TensorSource& source, DType dtype);

}  // namespace kerf::quant
