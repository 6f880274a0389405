#include "quant/method.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

SiteOutcome solve(const SiteProblem& problem, const GroupState*) {
  SiteOutcome outcome;
  outcome.tensor = round_to_nearest(problem.weights, problem.scheme, problem.name);
  return outcome;
}

}  // namespace

extern const MethodInfo rtn_method;
const MethodInfo rtn_method{
    .name = "rtn",
    .summary = "round to nearest; each group's scale from its range (schemes of two levels: searched)",
    .source = "Jacob et al. 2017, arXiv:1712.05877, equation 1",
    .observers = {},
    .by_row = codec::FitRule::kRange,
    .prepare = nullptr,
    .solve = solve,
};

}  // namespace kerf::quant
