// The importance matrix of llama.cpp: the error of a weight counts as much as the mean square of what it is multiplied
// with, which is the diagonal of the layer objective.
#include <algorithm>
#include <vector>

#include "quant/importance.h"
#include "quant/method.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

SiteOutcome solve(const SiteProblem& problem, const GroupState*) {
  const std::vector<float> importance = relative_importance(*problem.statistics);
  SiteOutcome outcome;
  outcome.tensor =
      Rounder(problem.scheme, codec::FitRule::kSearch).round(problem.weights, importance, problem.scheme, problem.name);
  const auto squares = channel_energies(*problem.statistics);
  outcome.dead_inputs = std::count(squares.begin(), squares.end(), 0.0);
  return outcome;
}

}  // namespace

extern const MethodInfo imatrix_method;
const MethodInfo imatrix_method{
    .name = "imatrix",
    .summary = "as mse, each weight's error weighted by the mean square of its input",
    .source = "llama.cpp, examples/imatrix (pull request 4861)",
    .observers = {"sum_squares"},
    .prepare = nullptr,
    .solve = solve,
};

}  // namespace kerf::quant
