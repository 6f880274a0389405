#include "quant/site_solver.h"

#include <string>

#include <fmt/format.h>

#include "core/error.h"
#include "quant/hessian.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;

bool wants_data(const MethodInfo& method) { return !method.observers.empty(); }

void require_observed(const MethodInfo& method, const Statistics* statistics, const std::string& weight) {
  if (!wants_data(method)) return;
  if (statistics == nullptr) throw_usage(fmt::format("the saved statistics have nothing about {}", weight));
  for (const std::string& observer : method.observers) {
    if (!statistics->has(observer)) {
      throw_usage(fmt::format("{} needs {}; collect it with kerf calibrate --hessian", method.name, observer));
    }
  }
}

bool too_few_tokens(const Statistics& statistics) {
  return statistics.tokens() < kTokensPerChannel * statistics.cols();
}

SiteReport describe(const SiteProblem& problem, const SiteOutcome& outcome) {
  SiteReport report;
  report.name = problem.name;
  report.scheme = problem.scheme.name;
  report.damping = outcome.damping;
  report.dead_inputs = outcome.dead_inputs;
  report.fallback = outcome.fallback;
  report.note = outcome.note;
  const Statistics* seen = problem.statistics;
  if (seen == nullptr || !seen->has("outer_product")) return report;
  report.tokens = seen->tokens();
  report.objective = relative_objective(problem.weights, outcome.tensor, *seen);
  report.rtn_objective =
      relative_objective(problem.weights, round_to_nearest(problem.weights, problem.scheme, problem.name), *seen);
  return report;
}

}  // namespace

bool is_held_as(const graph::TensorSource& source, const codec::Scheme& scheme) {
  const auto stored = source.scheme();
  return stored && *stored == scheme;
}

const GroupState* SiteSolver::state_of(const MethodInfo& method, const Statistics* statistics) {
  if (method.prepare == nullptr) return nullptr;
  auto& state = states_[{&method, statistics}];
  if (state == nullptr) state = method.prepare(*statistics, candidate_.options);
  return state.get();
}

void SiteSolver::solve(const sweep::Site& site, const Statistics* statistics, const OutputCurvature* curvature) {
  const graph::Weight& weight = walker_.graph().value(site.weight).weight;
  const Decision& decision = candidate_.decisions.at(site.weight);
  const graph::SourcePtr source = candidate_.overlay.source(walker_.graph(), site.weight);
  if (!decision.scheme.quantized() || is_held_as(*source, decision.scheme)) return;

  const MethodInfo* method = decision.method;
  require_observed(*method, statistics, weight.name);
  const bool scarce = wants_data(*method) && too_few_tokens(*statistics);
  const bool give_way = scarce && weight.expert >= 0;
  if (give_way) method = &find_method("rtn");

  const Tensor weights = source->read().reshaped({source->rows(), source->row_size()});
  SiteProblem problem{weight.name, weights, decision.scheme, statistics, candidate_.options};
  const bool curved = method->wants_curvature && curvature != nullptr && curvature->has(site.weight);
  const Tensor output_curvature = curved ? curvature->load(site.weight) : Tensor();
  if (curved) problem.curvature = &output_curvature;
  SiteOutcome outcome = method->solve(problem, state_of(*method, statistics));
  if (outcome.fallback) method = &find_method("rtn");
  if (scarce && outcome.note.empty()) {
    outcome.note = give_way ? fmt::format("{} tokens reached the expert, fewer than {} for each of {} input channels",
                                          statistics->tokens(), kTokensPerChannel, statistics->cols())
                            : fmt::format(
                                  "seen {} tokens, fewer than {} for each of {} input channels: rtn may do "
                                  "better on other text",
                                  statistics->tokens(), kTokensPerChannel, statistics->cols());
    outcome.fallback = give_way;
  }
  SiteReport report = describe(problem, outcome);
  report.method = method->name;
  candidate_.ledger.push_back(std::move(report));
  candidate_.overlay.set(site.weight, make_quantized_source(std::move(outcome.tensor), *weight.source, budget_));
}

}  // namespace kerf::quant
