#include "quant/site_solver.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "core/error.h"
#include "quant/importance.h"
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

/// Is the method not to be trusted with the weight: one of an expert that hardly any token reached?
bool gives_way(const graph::Weight& weight, const MethodInfo& method, const Statistics* statistics) {
  return weight.expert >= 0 && wants_data(method) && too_few_tokens(*statistics);
}

std::string scarcity(const graph::Weight& weight, const Statistics& seen) {
  if (weight.expert >= 0) {
    return fmt::format("{} tokens reached the expert, fewer than {} for each of {} input channels", seen.tokens(),
                       kTokensPerChannel, seen.cols());
  }
  return fmt::format("seen {} tokens, fewer than {} for each of {} input channels: rtn may do better on other text",
                     seen.tokens(), kTokensPerChannel, seen.cols());
}

/// Codes at the ends of the grid, and how far the scales range.
void describe_codes(const codec::QuantizedTensor& tensor, SiteReport& report) {
  const codec::Scheme& scheme = tensor.scheme;
  std::uint8_t low = 0, high = static_cast<std::uint8_t>((1 << scheme.bits) - 1);
  if (scheme.levels != nullptr) {
    const auto ends = std::minmax_element(scheme.levels->values.begin(), scheme.levels->values.end());
    low = static_cast<std::uint8_t>(ends.first - scheme.levels->values.begin());
    high = static_cast<std::uint8_t>(ends.second - scheme.levels->values.begin());
  } else if (scheme.bits == 8 && scheme.offset == codec::Offset::kSymmetric && !scheme.has_super_blocks()) {
    low = 1;  // -127: such grids leave out -128
  }
  const auto ends =
      std::count_if(tensor.codes.begin(), tensor.codes.end(), [&](auto code) { return code == low || code == high; });
  report.saturation = static_cast<double>(ends) / static_cast<double>(std::max<std::size_t>(tensor.codes.size(), 1));
  if (tensor.scales.empty()) return;
  const auto [least, most] = std::minmax_element(tensor.scales.begin(), tensor.scales.end(),
                                                 [](float a, float b) { return std::abs(a) < std::abs(b); });
  report.scale_min = static_cast<double>(std::abs(*least));
  report.scale_max = static_cast<double>(std::abs(*most));
}

std::int64_t dead_inputs(const Statistics& seen) {
  const std::vector<double> energies = channel_energies(seen);
  return std::count(energies.begin(), energies.end(), 0.0);
}

void enter_trial(const Trial& trial, SiteReport& report) {
  report.held_out_tokens = trial.tokens;
  report.held_out_objective = trial.method.relative;
  report.held_out_rtn = trial.rtn.relative;
  report.held_out_search = trial.search.relative;
}

}  // namespace

bool is_held_as(const graph::TensorSource& source, const codec::Scheme& scheme) {
  const auto stored = source.scheme();
  return stored && *stored == scheme;
}

const GroupState* SiteSolver::state_of(const MethodInfo& method, const Statistics* statistics) {
  if (method.prepare == nullptr) return nullptr;
  auto& state = shared_[statistics].states[&method];
  if (state == nullptr) state = method.prepare(*statistics, candidate_.options);
  return state.get();
}

void SiteSolver::measure(const SiteProblem& problem, const codec::QuantizedTensor& tensor, SiteReport& report) {
  describe_codes(tensor, report);
  const Statistics* seen = problem.statistics;
  if (seen == nullptr || !Objective::measurable(*seen)) return;
  report.tokens = seen->tokens();
  report.channels = seen->cols();
  report.dead_inputs = dead_inputs(*seen);
  Shared& shared = shared_[seen];
  if (shared.objective == nullptr) {
    shared.objective = std::make_unique<Objective>(*seen);
    shared.rank = numerical_rank(*seen);
  }
  report.rank = shared.rank;
  const RowSample sample = sample_rows(problem.weights, problem.scheme);
  const codec::QuantizedTensor rounded = round_to_nearest(sample.weights, problem.scheme, problem.name);
  Tensor nearest(DType::kF32, sample.weights.shape());
  codec::dequantize_rows(rounded, 0, rounded.rows, nearest.data<float>());
  const auto errors = shared.objective->measure(sample.weights, std::array{sample.of(tensor), nearest});
  report.objective = errors[0].relative;
  report.rtn_objective = errors[1].relative;
}

SiteSolver::Trials SiteSolver::run_trials(const std::vector<SiteTask>& tasks) const {
  Trials trials;
  std::map<const Statistics*, TrialGround> grounds;
  for (const SiteTask& task : tasks) {
    if (task.seen.held_out == nullptr || !Objective::measurable(*task.seen.held_out)) continue;
    const graph::Weight& weight = walker_.graph().value(task.site->weight).weight;
    const Decision& decision = candidate_.decisions.at(task.site->weight);
    const graph::SourcePtr source = candidate_.overlay.source(walker_.graph(), task.site->weight);
    if (!decision.scheme.quantized() || is_held_as(*source, decision.scheme) || !wants_data(*decision.method) ||
        gives_way(weight, *decision.method, task.seen.all.get())) {
      continue;
    }
    require_observed(*decision.method, task.seen.all.get(), weight.name);
    const Tensor weights = source->read().reshaped({source->rows(), source->row_size()});
    TrialGround& ground = grounds.try_emplace(task.seen.all.get(), task.seen).first->second;
    trials.emplace(task.site, ground.run(*decision.method, {weight.name, weights, decision.scheme, task.seen.all.get(),
                                                            candidate_.options}));
  }
  return trials;
}

void SiteSolver::solve_group(const std::vector<SiteTask>& tasks, const OutputCurvature* curvature) {
  // What the trials have learned is dropped before the whole text's is made.
  const Trials trials = run_trials(tasks);
  for (const SiteTask& task : tasks) {
    const auto trial = trials.find(task.site);
    solve(task, trial == trials.end() ? nullptr : &trial->second, curvature);
  }
  shared_.clear();
}

void SiteSolver::solve(const SiteTask& task, const Trial* trial, const OutputCurvature* curvature) {
  const Statistics* const statistics = task.seen.all.get();
  const graph::ValueId id = task.site->weight;
  const graph::Weight& weight = walker_.graph().value(id).weight;
  const Decision& decision = candidate_.decisions.at(id);
  const graph::SourcePtr source = candidate_.overlay.source(walker_.graph(), id);
  if (!decision.scheme.quantized() || is_held_as(*source, decision.scheme)) return;

  const bool unknown = task.unknown && wants_data(*decision.method);
  if (!unknown) require_observed(*decision.method, statistics, weight.name);
  const bool scarce = !unknown && gives_way(weight, *decision.method, statistics);
  const MethodInfo* const better = trial == nullptr ? nullptr : trial->better();
  const MethodInfo* method = unknown             ? &find_method("mse")
                             : scarce            ? &find_method("rtn")
                             : better != nullptr ? better
                                                 : decision.method;
  const Tensor weights = source->read().reshaped({source->rows(), source->row_size()});
  SiteProblem problem{weight.name, weights, decision.scheme, statistics, candidate_.options};
  const bool curved = method->wants_curvature && curvature != nullptr && curvature->has(id);
  const Tensor output_curvature = curved ? curvature->load(id) : Tensor();
  if (curved) problem.curvature = &output_curvature;
  SiteOutcome outcome = method->solve(problem, state_of(*method, statistics));
  if (outcome.fallback) method = &find_method("rtn");

  SiteReport report;
  report.name = weight.name;
  report.scheme = decision.scheme.name;
  report.method = method->name;
  report.expert = weight.expert;
  report.damping = outcome.damping;
  report.reverted = better != nullptr;
  report.fallback = outcome.fallback || scarce || unknown || report.reverted;
  report.note = unknown ? "the calibration file says nothing about it" : outcome.note;
  if (report.reverted) {
    report.note = trial->comparison(*decision.method);
  } else if (report.note.empty() && trial == nullptr && !unknown && wants_data(*decision.method) &&
             too_few_tokens(*statistics)) {
    report.note = scarcity(weight, *statistics);
  }
  if (trial != nullptr) enter_trial(*trial, report);
  measure(problem, outcome.tensor, report);
  candidate_.ledger.push_back(std::move(report));
  candidate_.overlay.set(id, make_quantized_source(std::move(outcome.tensor), *weight.source, budget_));
}

}  // namespace kerf::quant
