#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calibration/statistics.h"
#include "codec/fitter.h"
#include "codec/quantized_tensor.h"
#include "core/tensor.h"

namespace kerf::quant {

/// Options that methods share; each reads what concerns it.
struct MethodOptions {
  double damping = 0.01;   ///< fraction of mean(diag H) added to the Hessian's diagonal
  bool act_order = true;   ///< gptq: columns in order of falling diag(H)
  int polish = -1;         ///< sweeps of coordinate descent that follow (quant/polish.h); -1: the method's own number
  int steps = 200;         ///< learned: of gradient descent a block
  bool sequential = true;  ///< statistics of the candidate's own stream, with everything before already quantized
  int sweeps(int own) const { return polish < 0 ? own : polish; }
};

/// One weight to be rounded.
struct SiteProblem {
  std::string name;                                     ///< of the weight, for errors
  const Tensor& weights;                                ///< [out, in] f32, transforms and pruning applied
  codec::Scheme scheme;                                 ///< with the unit that suits the weights, where it has one
  const calibration::Statistics* statistics = nullptr;  ///< of its inputs; null where the method needs none
  MethodOptions options;
  const Tensor* curvature = nullptr;  ///< of its outputs (quant/output_curvature.h); null: every output alike
  /// Before pruning, if `weights` have been pruned: what errors are measured against. Zeros of `weights` then stay
  /// zero.
  const Tensor* unpruned = nullptr;

  const Tensor& goal() const { return unpruned != nullptr ? *unpruned : weights; }
  /// The weights whose zeros stay zero; null if none need to.
  const Tensor* held_zeros() const { return unpruned != nullptr ? &weights : nullptr; }
};

/// What a method did: goes into the ledger.
struct SiteOutcome {
  codec::QuantizedTensor tensor;
  double damping = 0;            ///< that was used
  std::int64_t dead_inputs = 0;  ///< channels that were zero for every token
  bool fallback = false;         ///< rounded to nearest instead, for the reason that `note` gives
  std::string note;
};

/// State that the sites of one group share (a factorized Hessian); made once, from the group's statistics.
class GroupState {
 public:
  virtual ~GroupState() = default;
};

struct BlockProblem;
struct BlockOutcome;

/// A way of choosing codes; src/quant/methods.def lists them all, each one file. Works with every scheme's grid.
struct MethodInfo {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  std::vector<std::string> observers;  ///< what it needs to know about the inputs; empty: no data
  int sweeps = 0;                      ///< of coordinate descent that follow where the options name no number
  /// Rounds each row to nearest by itself under this rule: such a weight is rounded as it is read, never held.
  std::optional<codec::FitRule> by_row = std::nullopt;
  bool wants_drift = false;      ///< how far its inputs are off from the reference's (Statistics::drift)
  bool wants_curvature = false;  ///< what errors of its outputs cost (SiteProblem::curvature)
  /// May be null. Called once per group.
  std::shared_ptr<const GroupState> (*prepare)(const calibration::Statistics& statistics, const MethodOptions& options);
  SiteOutcome (*solve)(const SiteProblem& problem, const GroupState* state);
  /// Improves the codes of a block's weights together, once all are solved. May be null.
  BlockOutcome (*refine)(const BlockProblem& problem, int steps) = nullptr;
};

const std::vector<const MethodInfo*>& methods();
/// Error(kUsage) with the nearest name if there is none.
const MethodInfo& find_method(std::string_view name);

}  // namespace kerf::quant
