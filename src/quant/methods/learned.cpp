// AutoRound (Cheng et al. 2023, arXiv:2309.05516): the codes of a whole block are learned by the sign of the gradient
// of its output's error against the unquantized block's. Here from yaqa's codes, with errors weighed by what they cost
// at the model's end, and only as long as text that is not learned from gains.
#include "quant/block_learning.h"
#include "quant/drift.h"
#include "quant/method.h"
#include "quant/polish.h"

namespace kerf::quant {
namespace {

SiteOutcome solve(const SiteProblem& problem, const GroupState* state) {
  return find_method("yaqa").solve(problem, state);
}

}  // namespace

extern const MethodInfo learned_method;
const MethodInfo learned_method{
    .name = "learned",
    .summary = "yaqa, then the codes of a whole block together, by the sign of the gradient of what its error costs",
    .source = "Cheng et al. 2023, arXiv:2309.05516",
    .observers = {"outer_product"},
    .sweeps = kCoupledSweeps,
    .wants_drift = true,
    .wants_curvature = true,
    .prepare = prepare_drift,
    .solve = solve,
    .refine = learn_block,
};

}  // namespace kerf::quant
