#include "quant/method.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

SiteOutcome solve(const SiteProblem& problem, const GroupState*) {
  SiteOutcome outcome;
  outcome.tensor =
      Rounder(problem.scheme, codec::FitRule::kSearch).round(problem.weights, {}, problem.scheme, problem.name);
  return outcome;
}

}  // namespace

extern const MethodInfo mse_method;
const MethodInfo mse_method{
    .name = "mse",
    .summary = "round to nearest; each group's scale by a search for the least squared error of its weights",
    .source = "Banner et al. 2018, arXiv:1810.05723, section 3, as a search",
    .observers = {},
    .by_row = codec::FitRule::kSearch,
    .prepare = nullptr,
    .solve = solve,
};

}  // namespace kerf::quant
