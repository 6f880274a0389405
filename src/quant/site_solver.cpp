#include "quant/site_solver.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/threads.h"
#include "quant/importance.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;

bool wants_data(const MethodInfo& method) { return !method.observers.empty(); }

/// Was everything observed that a method or a pruner needs?
template <typename Info>
void require_observed(const Info& info, const Statistics* statistics, const std::string& weight) {
  if (info.observers.empty()) return;
  if (statistics == nullptr) throw_usage(fmt::format("the saved statistics have nothing about {}", weight));
  for (const std::string& observer : info.observers) {
    if (!statistics->has(observer)) {
      throw_usage(fmt::format("{} needs {}; collect it with kerf calibrate --hessian", info.name, observer));
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

Tensor values_of(const codec::QuantizedTensor& tensor) {
  Tensor values(DType::kF32, {tensor.rows, tensor.cols});
  codec::dequantize_rows(tensor, 0, tensor.rows, values.data<float>());
  return values;
}

std::int64_t dead_inputs(const Statistics& seen) {
  const std::vector<double> energies = channel_energies(seen);
  return std::count(energies.begin(), energies.end(), 0.0);
}

/// Share of the stored values that are zero.
double zero_share(const graph::TensorSource& source) {
  constexpr std::int64_t kRowsAtOnce = 64;
  std::vector<std::int64_t> zeros(static_cast<std::size_t>(div_up(source.rows(), kRowsAtOnce)));
  parallel_for(std::ssize(zeros), [&](std::int64_t task) {
    const std::int64_t first = task * kRowsAtOnce, count = std::min(kRowsAtOnce, source.rows() - first);
    std::vector<float> values(static_cast<std::size_t>(count * source.row_size()));
    source.read_rows(first, count, values.data());
    zeros[static_cast<std::size_t>(task)] = std::count(values.begin(), values.end(), 0.0F);
  });
  const auto size = static_cast<double>(std::max<std::int64_t>(numel(source.shape()), 1));
  return static_cast<double>(std::accumulate(zeros.begin(), zeros.end(), std::int64_t{0})) / size;
}

Tensor columns_of(const Tensor& weights, const std::vector<std::int64_t>& columns) {
  const std::int64_t rows = weights.dim(0), cols = weights.dim(1);
  Tensor result(DType::kF32, {rows, std::ssize(columns)});
  float* to = result.data<float>();
  for (std::int64_t r = 0; r < rows; ++r) {
    for (const std::int64_t column : columns) *to++ = weights.data<float>()[r * cols + column];
  }
  return result;
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

bool is_curved(const graph::Graph& graph, const Candidate& candidate, const sweep::Site& site) {
  const auto found = candidate.decisions.find(site.weight);
  if (found == candidate.decisions.end() || site.linear_uses.empty() || !site.lookup_uses.empty()) return false;
  const Decision& decision = found->second;
  return decision.scheme.quantized() && decision.method != nullptr && decision.method->wants_curvature &&
         graph.value(site.weight).weight.source->rows() <= kMostCurvedOutputs;
}

const GroupState* SiteSolver::state_of(const MethodInfo& method, const Statistics* statistics) {
  if (method.prepare == nullptr) return nullptr;
  auto& state = shared_[statistics].states[&method];
  if (state == nullptr) state = method.prepare(*statistics, candidate_.options);
  return state.get();
}

SiteTask SiteSolver::reduce(const SiteTask& task) {
  const graph::ValueId id = task.site->weight;
  if (!loses_inputs(candidate_, id)) return task;
  const graph::Weight& weight = walker_.graph().value(id).weight;
  const Reduction& reduction = candidate_.structure->by_consumer.at(id);
  require_observed(*reduction.pruner, task.seen.all.get(), weight.name);
  const Statistics& seen = *task.seen.all;
  const Tensor weights = weights_of(task);
  UnitRemoval removal = remove_units(weights, reduction, seen, candidate_.options.damping);
  const auto columns = reduction.columns(removal.units_kept);

  SiteReport report;
  report.name = weight.name;
  report.method = reduction.pruner->name;
  report.transform = true;
  report.fallback = !removal.note.empty();
  report.tokens = seen.tokens();
  report.note = report.fallback ? removal.note : fmt::format("{} of {} stay", reduction.kept, reduction.units);
  const RowSample sample = sample_rows(weights, candidate_.decisions.at(id).scheme);
  const auto spread = [&](const Tensor& values) {
    return make_spread_source(graph::make_memory_source(values, ""), columns, weights.dim(1))->read();
  };
  const auto errors = Objective(seen).measure(
      sample.weights, std::array{sample.of(spread(removal.weights)), sample.of(spread(columns_of(weights, columns)))});
  report.block_error = errors[0].relative;
  report.block_error_rtn = errors[1].relative;
  candidate_.ledger.push_back(std::move(report));

  SiteTask reduced = task;
  reduced.seen.all = std::make_shared<const Statistics>(channels_of(seen, columns));
  if (task.seen.held_out != nullptr) {
    reduced.seen.held_out = std::make_shared<const Statistics>(channels_of(*task.seen.held_out, columns));
  }
  candidate_.units_kept[id] = removal.units_kept;
  reduced_.emplace(task.site, std::move(removal));
  return reduced;
}

Tensor SiteSolver::weights_of(const SiteTask& task) const {
  if (const auto reduced = reduced_.find(task.site); reduced != reduced_.end()) return reduced->second.weights;
  const graph::SourcePtr source = candidate_.overlay.source(walker_.graph(), task.site->weight);
  return source->read().reshaped({source->rows(), source->row_size()});
}

void SiteSolver::set(const SiteTask& task, graph::SourcePtr source) {
  const graph::ValueId id = task.site->weight;
  if (is_reduced(task)) {
    const Reduction& reduction = candidate_.structure->by_consumer.at(id);
    candidate_.reduced[id] = source;
    source = make_spread_source(std::move(source), reduction.columns(candidate_.units_kept.at(id)),
                                reduction.units * reduction.width);
  }
  candidate_.overlay.set(id, std::move(source));
}

void SiteSolver::prune(const std::vector<SiteTask>& tasks) {
  for (const SiteTask& task : tasks) {
    const graph::ValueId id = task.site->weight;
    const auto& choice = candidate_.decisions.at(id).pruning;
    if (!choice) continue;
    const graph::Weight& weight = walker_.graph().value(id).weight;
    const Statistics* const seen = task.seen.all.get();
    const PrunerInfo* pruner = choice->pruner;
    std::string note;
    if (!pruner->observers.empty()) {
      if (task.unknown) {
        note = "pruned by magnitude: the calibration file says nothing about it";
      } else {
        require_observed(*pruner, seen, weight.name);
        if (weight.expert >= 0 && too_few_tokens(*seen)) note = "pruned by magnitude: " + scarcity(weight, *seen);
      }
      if (!note.empty()) pruner = &find_pruner("magnitude");
    }
    Pruned pruned{weights_of(task), {}};
    const PruneProblem problem{weight.name, pruned.before, choice->pattern, seen, candidate_.options};
    std::shared_ptr<const GroupState> state;
    if (pruner->prepare != nullptr) {
      auto& shared = shared_[seen].prune_states[choice->name()];
      if (shared == nullptr) shared = pruner->prepare(*seen, choice->pattern, candidate_.options);
      state = shared;
    }
    pruned.outcome = pruner->prune(problem, state.get());
    if (!note.empty()) pruned.outcome.note = std::move(note);
    pruned_.emplace(task.site, std::move(pruned));
  }
  // Methods prepare in their own way; both at once would be twice the memory.
  for (auto& [statistics, shared] : shared_) shared.prune_states.clear();
}

SiteProblem SiteSolver::problem_of(const SiteTask& task, const Tensor& weights) const {
  const graph::ValueId id = task.site->weight;
  SiteProblem problem{walker_.graph().value(id).weight.name, weights,
                      codec::with_unit(candidate_.decisions.at(id).scheme, weights.values<float>()),
                      task.seen.all.get(), candidate_.options};
  if (const auto pruned = pruned_.find(task.site); pruned != pruned_.end()) problem.unpruned = &pruned->second.before;
  return problem;
}

void SiteSolver::enter_pruning(const SiteTask& task, SiteReport& report) const {
  const auto pruned = pruned_.find(task.site);
  if (pruned == pruned_.end()) return;
  const graph::ValueId id = task.site->weight;
  report.pruning = candidate_.decisions.at(id).pruning->name();
  report.zeros =
      zero_share(is_reduced(task) ? *candidate_.reduced.at(id) : *candidate_.overlay.source(walker_.graph(), id));
  if (report.note.empty()) report.note = pruned->second.outcome.note;
  report.fallback = report.fallback || !pruned->second.outcome.note.empty();
}

void SiteSolver::keep_floats(const SiteTask& task, SiteReport report) {
  const graph::ValueId id = task.site->weight;
  const graph::Weight& weight = walker_.graph().value(id).weight;
  const Decision& decision = candidate_.decisions.at(id);
  const auto pruned = pruned_.find(task.site);
  const Tensor weights = pruned != pruned_.end() ? pruned->second.outcome.weights : weights_of(task);
  const DType dtype = decision.scheme.kind == codec::Scheme::Kind::kFloat
                          ? decision.scheme.float_dtype
                          : codec::written_dtype(weight.source->dtype());
  graph::SourcePtr source = make_stored_source(weights, *weight.source, budget_);
  if (dtype != DType::kF32) source = make_rounded_source(std::move(source), dtype);
  set(task, std::move(source));
  if (pruned == pruned_.end()) return;
  report.method = decision.pruning->pruner->name;
  report.damping = pruned->second.outcome.damping;
  const SiteProblem problem = problem_of(task, weights);
  const RowSample sample = sample_rows(problem.goal(), decision.scheme);
  measure(problem, sample, {sample.of(weights)}, report);
  enter_pruning(task, report);
  candidate_.ledger.push_back(std::move(report));
}

void SiteSolver::measure(const SiteProblem& problem, const RowSample& sample, std::vector<Tensor> approximations,
                         SiteReport& report) {
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
  const auto errors = shared.objective->measure(sample.weights, approximations);
  report.objective = errors.front().relative;
  if (errors.size() > 1) report.rtn_objective = errors[1].relative;
}

SiteSolver::Trials SiteSolver::run_trials(const std::vector<SiteTask>& tasks) const {
  Trials trials;
  std::map<const Statistics*, TrialGround> grounds;
  for (const SiteTask& task : tasks) {
    if (task.seen.held_out == nullptr || !Objective::measurable(*task.seen.held_out)) continue;
    const graph::Weight& weight = walker_.graph().value(task.site->weight).weight;
    const Decision& decision = candidate_.decisions.at(task.site->weight);
    const graph::SourcePtr source = candidate_.overlay.source(walker_.graph(), task.site->weight);
    if (!decision.scheme.quantized() || (!changes(task) && is_held_as(*source, decision.scheme)) ||
        !wants_data(*decision.method) || gives_way(weight, *decision.method, task.seen.all.get())) {
      continue;
    }
    require_observed(*decision.method, task.seen.all.get(), weight.name);
    if (decision.pruning) require_observed(*decision.pruning->pruner, task.seen.all.get(), weight.name);
    const Tensor weights = weights_of(task);
    TrialGround& ground = grounds.try_emplace(task.seen.all.get(), task.seen).first->second;
    trials.emplace(task.site, ground.run(*decision.method, problem_of(task, weights),
                                         decision.pruning ? &*decision.pruning : nullptr));
  }
  return trials;
}

bool SiteSolver::changes(const SiteTask& task) const {
  return is_reduced(task) || candidate_.decisions.at(task.site->weight).pruning.has_value();
}

void SiteSolver::solve_group(const std::vector<SiteTask>& whole, const OutputCurvature* curvature) {
  std::vector<SiteTask> tasks;
  for (const SiteTask& task : whole) tasks.push_back(reduce(task));
  // What the trials have learned is dropped before the whole text's is made.
  const Trials trials = run_trials(tasks);
  prune(tasks);
  for (const SiteTask& task : tasks) {
    const auto trial = trials.find(task.site);
    solve(task, trial == trials.end() ? nullptr : &trial->second, curvature);
  }
  shared_.clear();
  pruned_.clear();
  reduced_.clear();
}

void SiteSolver::solve(const SiteTask& task, const Trial* trial, const OutputCurvature* curvature) {
  const Statistics* const statistics = task.seen.all.get();
  const graph::ValueId id = task.site->weight;
  const graph::Weight& weight = walker_.graph().value(id).weight;
  const Decision& decision = candidate_.decisions.at(id);
  const graph::SourcePtr source = candidate_.overlay.source(walker_.graph(), id);
  SiteReport report;
  report.name = weight.name;
  report.scheme = decision.scheme.name;
  report.expert = weight.expert;
  if (!changes(task) && (!decision.scheme.quantized() || is_held_as(*source, decision.scheme))) return;
  if (!decision.scheme.quantized()) return keep_floats(task, std::move(report));

  const bool unknown = task.unknown && wants_data(*decision.method);
  if (!unknown) require_observed(*decision.method, statistics, weight.name);
  const bool scarce = !unknown && gives_way(weight, *decision.method, statistics);
  const MethodInfo* const better = trial == nullptr ? nullptr : trial->better();
  const MethodInfo* method = unknown             ? &find_method("mse")
                             : scarce            ? &find_method("rtn")
                             : better != nullptr ? better
                                                 : decision.method;
  const auto pruned = pruned_.find(task.site);
  const Tensor weights = pruned != pruned_.end() ? pruned->second.outcome.weights : weights_of(task);
  SiteProblem problem = problem_of(task, weights);
  const bool curved = method->wants_curvature && curvature != nullptr && curvature->has(id);
  const Tensor output_curvature = curved ? curvature->load(id) : Tensor();
  if (curved) problem.curvature = &output_curvature;
  SiteOutcome outcome = method->solve(problem, state_of(*method, statistics));
  if (outcome.fallback) method = &find_method("rtn");

  report.method = method->name;
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
  describe_codes(outcome.tensor, report);
  const auto unclipped = candidate_.unclipped.find(id);
  const bool clipped = unclipped != candidate_.unclipped.end() && pruned == pruned_.end();
  const Tensor whole = clipped ? unclipped->second->read() : Tensor();
  const RowSample sample = sample_rows(clipped ? whole : problem.goal(), problem.scheme);
  const codec::QuantizedTensor nearest =
      round_to_nearest(sample.of(clipped ? whole : weights), problem.scheme, problem.name);
  measure(problem, sample, {sample.of(outcome.tensor), values_of(nearest)}, report);
  set(task, make_quantized_source(std::move(outcome.tensor), *weight.source, budget_));
  if (decision.method->refine != nullptr && pruned != pruned_.end()) {
    const auto values = weights.values<float>();
    std::vector<bool>& held = candidate_.held_zeros[id];
    std::transform(values.begin(), values.end(), std::back_inserter(held), [](float value) { return value == 0; });
  }
  enter_pruning(task, report);
  candidate_.ledger.push_back(std::move(report));
}

}  // namespace kerf::quant
