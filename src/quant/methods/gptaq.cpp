// GPTAQ (Li et al. 2025, arXiv:2504.02692): gptq for weights that correct for the drift of their inputs, so that the
// same solver does it in one step.
#include "quant/drift.h"
#include "quant/gptq.h"
#include "quant/polish.h"

namespace kerf::quant {
namespace {

SiteOutcome solve(const SiteProblem& problem, const GroupState* state) {
  const auto& drift = dynamic_cast<const DriftState&>(*state);
  return solve_gptq(problem, drift.target(problem.goal()), drift.factor());
}

}  // namespace

extern const MethodInfo gptaq_method;
const MethodInfo gptaq_method{
    .name = "gptaq",
    .summary = "gptq for what the reference's layer gives, whose inputs have not drifted",
    .source = "Li et al. 2025, arXiv:2504.02692",
    .observers = {"outer_product"},
    .sweeps = kPolishSweeps,
    .wants_drift = true,
    .prepare = prepare_drift,
    .solve = solve,
};

}  // namespace kerf::quant
