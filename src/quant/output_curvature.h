#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "sweep/value_store.h"
#include "sweep/walker.h"

namespace kerf::quant {

/// Of each weight's outputs y, or of a computed value y: C = mean over tokens of g g^T [out, out] f32, g the derivative
/// by y of logits perturbed at random, with the covariance diag(p) - p p^T that the log likelihood of tokens which the
/// model itself draws has too. With the mean of x x^T it is the Kronecker factor of the Fisher information (Martens &
/// Grosse 2015, arXiv:1503.05671, section 2), which is the second derivative of the KL divergence by the weight: what
/// an error of the weight costs at the model's end, not only at the layer's.
class OutputCurvature {
 public:
  /// By the id of the weight, or of the value itself.
  bool has(graph::ValueId id) const { return by_id_.contains(id); }
  Tensor load(graph::ValueId id) const { return by_id_.at(id).load(); }

 private:
  friend OutputCurvature observe_output_curvature(const sweep::Walker&, const std::set<graph::ValueId>&,
                                                  std::shared_ptr<const std::vector<sweep::WindowInputs>>,
                                                  const std::shared_ptr<sweep::Budget>&);
  std::map<graph::ValueId, sweep::StoredTensor> by_id_;
};

/// More outputs than this have none: a head's would not fit anywhere.
inline constexpr std::int64_t kMostCurvedOutputs = 16384;

/// Walks the reference over the windows, forward and back. `of`: weights, and computed values that nothing outside
/// their block's nodes and what follows it depends on. Deterministic.
OutputCurvature observe_output_curvature(const sweep::Walker& walker, const std::set<graph::ValueId>& of,
                                         std::shared_ptr<const std::vector<sweep::WindowInputs>> windows,
                                         const std::shared_ptr<sweep::Budget>& budget);

}  // namespace kerf::quant
