#include "quant/gptq.h"

#include <memory>

#include "quant/polish.h"

namespace kerf::quant {
namespace {

std::shared_ptr<const GroupState> prepare(const calibration::Statistics& statistics, const MethodOptions& options) {
  return std::make_shared<HessianFactor>(statistics, options.damping, options.act_order);
}

SiteOutcome solve(const SiteProblem& problem, const GroupState* state) {
  return solve_gptq(problem, problem.goal(), dynamic_cast<const HessianFactor&>(*state));
}

}  // namespace

extern const MethodInfo gptq_method;
const MethodInfo gptq_method{
    .name = "gptq",
    .summary = "column by column, each error compensated in the columns that follow (act-order, static groups)",
    .source = "Frantar et al. 2022, arXiv:2210.17323, algorithm 1",
    .observers = {"outer_product"},
    .sweeps = kPolishSweeps,
    .prepare = prepare,
    .solve = solve,
};

}  // namespace kerf::quant
