// The objective of YAQA (Tseng, Sun & De Sa 2025, arXiv:2505.22988, section 3): tr(C (W - V) H (W - V)^T), with
// Kronecker factors H of the inputs and C of the outputs of the second derivative of the model's KL divergence, where
// gptq has no C: an error of an output costs what the model's end makes of it. Here it is lowered from gptaq's codes by
// coordinate descent over codes, scales, minima and zero points, so that it works with every grid and never ends above
// where it began.
#include <algorithm>

#include "quant/drift.h"
#include "quant/gptq.h"
#include "quant/polish.h"

namespace kerf::quant {
namespace {

/// Of the mean of the diagonal: outputs that no token depends on must not be free.
constexpr float kOutputDamping = 0.01F;

/// C over the mean of its diagonal, damped. Not defined if nothing depends on any output.
Tensor damped(const Tensor& curvature) {
  const std::int64_t n = curvature.dim(0);
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(curvature.data<float>()[i * n + i]);
  const auto mean = static_cast<float>(sum / static_cast<double>(n));
  if (!(mean > 0)) return {};
  Tensor result = curvature.clone();
  for (float& value : result.values<float>()) value /= mean;
  for (std::int64_t i = 0; i < n; ++i) result.data<float>()[i * n + i] += kOutputDamping;
  return result;
}

SiteOutcome solve(const SiteProblem& problem, const GroupState* state) {
  const auto& drift = dynamic_cast<const DriftState&>(*state);
  const Tensor target = drift.target(problem.goal());
  SiteProblem first = problem;
  const Tensor curvature = problem.curvature == nullptr ? Tensor() : damped(*problem.curvature);
  const bool coupled = curvature.defined() && problem.scheme.granularity != codec::Granularity::kTensor;
  if (coupled) first.options.polish = 0;
  SiteOutcome outcome = solve_gptq(first, target, drift.factor());
  if (coupled && !outcome.fallback) {
    polish_coupled(target, drift.factor().damped(), curvature, outcome.tensor, problem.options.sweeps(kCoupledSweeps),
                   problem.held_zeros());
  }
  return outcome;
}

}  // namespace

extern const MethodInfo yaqa_method;
const MethodInfo yaqa_method{
    .name = "yaqa",
    .summary = "gptaq, then lowered for what errors cost at the model's end, by its own derivatives",
    .source = "Tseng et al. 2025, arXiv:2505.22988",
    .observers = {"outer_product"},
    .sweeps = kCoupledSweeps,
    .wants_drift = true,
    .wants_curvature = true,
    .prepare = prepare_drift,
    .solve = solve,
};

}  // namespace kerf::quant
