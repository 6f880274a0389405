// GPTAQ (Li et al. 2025, arXiv:2504.02692): the inputs x that a quantized model really has are off from those, r, of
// the reference, and a layer should give what the reference's gives: min |W r - V x|^2 over tokens. With D = sum (r -
// x) x^T and H = sum x x^T that is the objective of GPTQ for the weights W + W D H^-1, up to a constant, so that the
// same solver does it in one step. H has its damping, which keeps what few tokens say of D in bounds.
#include <memory>

#include "core/checked.h"
#include "core/threads.h"
#include "ops/linalg.h"
#include "quant/gptq.h"

namespace kerf::quant {
namespace {

class DriftState : public GroupState {
 public:
  DriftState(const calibration::Statistics& statistics, const MethodOptions& options)
      : factor_(statistics, options.damping, options.act_order) {
    if (factor_.ok() && statistics.drift().defined())
      correction_ = factor_.solve(statistics.drift(), statistics.tokens());
  }

  const HessianFactor& factor() const { return factor_; }
  /// W + W D H^-1
  Tensor target(const Tensor& weights) const {
    if (!correction_.defined()) return weights;
    constexpr std::int64_t kRowsAtOnce = 64;
    const std::int64_t rows = weights.dim(0), cols = weights.dim(1);
    Tensor result = weights.clone();
    parallel_for(div_up(rows, kRowsAtOnce), [&](std::int64_t task) {
      const std::int64_t first = task * kRowsAtOnce, count = std::min(kRowsAtOnce, rows - first);
      ops::linalg::gemm(false, false, count, cols, cols, 1.0f, weights.data<float>() + first * cols, cols,
                        correction_.data<float>(), cols, 1.0f, result.data<float>() + first * cols, cols);
    });
    return result;
  }

 private:
  HessianFactor factor_;
  Tensor correction_;  ///< D H^-1
};

std::shared_ptr<const GroupState> prepare(const calibration::Statistics& statistics, const MethodOptions& options) {
  return std::make_shared<DriftState>(statistics, options);
}

SiteOutcome solve(const SiteProblem& problem, const GroupState* state) {
  const auto& drift = dynamic_cast<const DriftState&>(*state);
  return solve_gptq(problem, drift.target(problem.weights), drift.factor());
}

}  // namespace

extern const MethodInfo gptaq_method;
const MethodInfo gptaq_method{
    .name = "gptaq",
    .summary = "gptq for what the reference's layer gives, whose inputs have not drifted",
    .source = "Li et al. 2025, arXiv:2504.02692",
    .observers = {"outer_product"},
    .wants_drift = true,
    .prepare = prepare,
    .solve = solve,
};

}  // namespace kerf::quant
