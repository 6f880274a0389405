#pragma once

#include <memory>

#include "core/tensor.h"
#include "quant/hessian.h"
#include "quant/method.h"

namespace kerf::quant {

/// What a group of sites shares that corrects for the drift of its inputs (Li et al. 2025, arXiv:2504.02692): the
/// inputs x that a quantized model really has are off from those, r, of the reference, and a layer should give what the
/// reference's gives: min |W r - V x|^2 over tokens. With D = sum (r - x) x^T and H = sum x x^T that is, up to a
/// constant, the objective of GPTQ for the weights W + W D H^-1.
class DriftState : public GroupState {
 public:
  /// Without Statistics::drift() nothing has drifted.
  DriftState(const calibration::Statistics& statistics, const MethodOptions& options);

  const HessianFactor& factor() const { return factor_; }
  /// W + W D (H + damping)^-1. The damping is larger than that of the objective: what one text says of how each channel
  /// drifts with each other is less sure than what it says of the channels.
  Tensor target(const Tensor& weights) const;

 private:
  HessianFactor factor_;
  Tensor correction_;  ///< D (H + damping)^-1
};

/// For MethodInfo::prepare.
std::shared_ptr<const GroupState> prepare_drift(const calibration::Statistics& statistics,
                                                const MethodOptions& options);

}  // namespace kerf::quant
