// AutoRound (Cheng et al. 2023, arXiv:2309.05516): the codes of a whole block are learned by the sign of the gradient
// of its output's error against the unquantized block's. Here from gptq's codes, and only as long as text that is not
// learned from gains.
#include "quant/block_learning.h"
#include "quant/gptq.h"
#include "quant/method.h"

namespace kerf::quant {
namespace {

std::shared_ptr<const GroupState> prepare(const calibration::Statistics& statistics, const MethodOptions& options) {
  return std::make_shared<HessianFactor>(statistics, options.damping, options.act_order);
}

SiteOutcome solve(const SiteProblem& problem, const GroupState* state) {
  return solve_gptq(problem, problem.weights, dynamic_cast<const HessianFactor&>(*state));
}

}  // namespace

extern const MethodInfo learned_method;
const MethodInfo learned_method{
    .name = "learned",
    .summary = "gptq, then the codes of a whole block learned by the sign of the gradient of its output's error",
    .source = "Cheng et al. 2023, arXiv:2309.05516",
    .observers = {"outer_product"},
    .prepare = prepare,
    .solve = solve,
    .refine = learn_block,
};

}  // namespace kerf::quant
