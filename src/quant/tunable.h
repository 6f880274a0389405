#pragma once

#include <cstddef>
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
  /// What a rate is a fraction of, for number `i`: the mean size of a scale for scales and minima, of a value for
  /// vectors.
  double unit(std::size_t i) const { return i < first_count_ ? first_unit_ : second_unit_; }
  /// Adds to `by_numbers`, as many as there are numbers, what the derivative of a scalar by the weight says.
  virtual void chain(const Tensor& by_weight, std::vector<float>& by_numbers) const = 0;
  /// The weight as it would be stored. Numbers that the file could not hold stay at their last value.
  virtual graph::SourcePtr source() = 0;

 protected:
  /// Units for the first `count` numbers and for the rest.
  void set_units(std::size_t count, double first, double second) {
    first_count_ = count;
    first_unit_ = first;
    second_unit_ = second;
  }

 private:
  std::size_t first_count_ = 0;
  double first_unit_ = 0, second_unit_ = 0;
};

/// Scales, and minima where there are any, of a weight whose codes stay. nullptr where steps are too coarse to be
/// tuned (powers of two).
std::unique_ptr<Tunable> make_tunable_scales(codec::QuantizedTensor tensor, const graph::TensorSource& original);
/// A norm's or bias's values, rounded to `dtype`.
std::unique_ptr<Tunable> make_tunable_vector(const graph::TensorSource& source, DType dtype);

}  // namespace kerf::quant
