#pragma once

#include <memory>
#include <vector>

#include "codec/grid.h"
#include "codec/quantized_tensor.h"
#include "core/tensor.h"
#include "graph/tensor_source.h"

namespace kerf::quant {

/// Codes and scales of a weight that follow the sign of a derivative (Cheng et al. 2023, AutoRound, arXiv:2309.05516,
/// section 3). Behind each code is a position that is rounded to it; it starts as near to the weight as is still
/// rounded to the code, and stays within a step of there. Derivatives pass the rounding as if it were not there. Zero
/// points stay.
class LearnedCodes {
 public:
  /// `weights` [rows, cols]: what was rounded. `original`: for shape and label. `held`: places whose codes stay, which
  /// stand for zeros; empty: none.
  LearnedCodes(codec::QuantizedTensor start, const Tensor& weights, const graph::TensorSource& original,
               std::vector<bool> held = {});

  /// A step against the sign of `by_weight`: of each position by `rate` steps of the grid, of each scale and minimum by
  /// `scale_rate` of its size.
  void step(const Tensor& by_weight, double rate, double scale_rate);
  /// The weight as it would be stored now.
  graph::SourcePtr source() const;
  const codec::QuantizedTensor& tensor() const { return tensor_; }

 private:
  void step_scales(const Tensor& by_weight, double scale_rate);

  codec::QuantizedTensor tensor_;
  std::unique_ptr<const codec::Grid> grid_;
  float level_gap_ = 1;                   ///< mean distance of neighbouring levels, over the scale
  std::vector<float> start_, positions_;  ///< behind each code, on the grid's own axis
  std::vector<float> numbers_;            ///< scales and minima before they are rounded, as quant/tunable.h orders them
  std::vector<bool> held_;
  Shape shape_;
  std::string label_;
};

}  // namespace kerf::quant
