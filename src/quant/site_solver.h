#pragma once

#include <map>
#include <memory>
#include <utility>

#include "calibration/statistics.h"
#include "quant/candidate.h"
#include "quant/output_curvature.h"
#include "sweep/value_store.h"
#include "sweep/walker.h"

namespace kerf::quant {

/// Tokens for each input channel below which a data-driven method is not trusted: fewer describe the text rather than
/// the layer. Measured with gptq, int4-g32, on a 29M Llama: with 1 token a channel (a third at the widest layers) the
/// KL divergence was 0.83 times that of plain rounding, thanks to the damping that few tokens get (quant/hessian.h).
inline constexpr std::int64_t kTokensPerChannel = 1;

/// Does the overlay's source hold codes of the scheme already?
bool is_held_as(const graph::TensorSource& source, const codec::Scheme& scheme);

/// Decides the weights of linear sites, one after another, and enters what happened in the candidate's ledger. A weight
/// of an expert that fewer than kTokensPerChannel tokens a channel reached is rounded to nearest.
class SiteSolver {
 public:
  SiteSolver(const sweep::Walker& walker, Candidate& candidate, std::shared_ptr<sweep::Budget> budget)
      : walker_(walker), candidate_(candidate), budget_(std::move(budget)) {}

  /// `statistics` of what the site reads: null where no method needs them. Sites that share them share a method's
  /// preparation too. Error(kUsage) if saved statistics lack what the method needs.
  /// `curvature` of what it gives: null where no method needs it, or there is none.
  void solve(const sweep::Site& site, const calibration::Statistics* statistics, const OutputCurvature* curvature);

 private:
  using StateKey = std::pair<const MethodInfo*, const calibration::Statistics*>;
  const GroupState* state_of(const MethodInfo& method, const calibration::Statistics* statistics);

  const sweep::Walker& walker_;
  Candidate& candidate_;
  std::shared_ptr<sweep::Budget> budget_;
  std::map<StateKey, std::shared_ptr<const GroupState>> states_;
};

}  // namespace kerf::quant
