#include "quant/quantizer.h"

#include <algorithm>
#include <chrono>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/threads.h"
#include "quant/activations.h"
#include "quant/block_learning.h"
#include "quant/option_use.h"
#include "quant/site_solver.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;
using graph::ValueId;

/// Tokens on which transforms search: enough for a stable error, few enough for a grid of twenty.
constexpr std::int64_t kSearchTokens = 2048;
/// Windows of both streams that are compared at once.
constexpr std::size_t kDriftWindows = 16;

/// Adds the time of its scope to a candidate.
class Stopwatch {
 public:
  explicit Stopwatch(Candidate& candidate) : candidate_(candidate), start_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    candidate_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  Candidate& candidate_;
  std::chrono::steady_clock::time_point start_;
};

/// Do the stored values have this dtype? Those of codes have none.
bool is_stored_as(const graph::TensorSource& source, DType dtype) {
  return !source.scheme() && source.dtype() == dtype;
}

bool any_drift(const Candidate& candidate) {
  return std::any_of(candidate.decisions.begin(), candidate.decisions.end(), [](const auto& entry) {
    return entry.second.method != nullptr && entry.second.method->wants_drift;
  });
}

void require_whole_shapes(const Candidate& candidate) {
  if (candidate.structure == nullptr) return;
  throw_usage(
      fmt::format("{}: the method learns the codes of a block as the model has it, not of one that loses {}; use "
                  "yaqa or gptq",
                  candidate.spec, candidate.structure->by_consumer.begin()->second.pruner->name));
}

/// The first of its methods that no saved statistics suffice for; empty if there is none.
std::string method_by_text(const Candidate& candidate) {
  for (const auto& [id, decision] : candidate.decisions) {
    if (decision.method != nullptr && watches_model(*decision.method)) return std::string(decision.method->name);
  }
  return "";
}

/// Of the calibration data, if there is any at all: "needs calibration text; give --calibration FILE".
std::string needs_text(const CalibrationData& data) {
  return data.statistics ? "needs calibration text, not saved statistics; give it by --calibration FILE"
                         : "needs calibration text; give --calibration FILE";
}

void require_data(const Candidate& candidate, const CalibrationData& data) {
  if (learns_blocks(candidate)) require_whole_shapes(candidate);
  if (any_drift(candidate) && transforms_weights(candidate)) {
    throw_usage(
        fmt::format("{}: the method compares inputs with the reference's, which the transform {} scales; use gptq",
                    candidate.spec, candidate.transforms.front()->name));
  }
  if (wants_input_statistics(candidate) && transforms_weights(candidate) && !candidate.options.sequential) {
    throw_usage(
        fmt::format("{}: the transform {} scales the inputs that the statistics describe; leave out --no-sequential",
                    candidate.spec, candidate.transforms.front()->name));
  }
  if (any_drift(candidate) && data.windows && !candidate.options.sequential) {
    throw_usage(
        fmt::format("{}: without a stream of its own nothing drifts; leave out --no-sequential", candidate.spec));
  }
  if (!needs_data(candidate) || data.windows) return;
  if (!candidate.transforms.empty()) {
    throw_usage(
        fmt::format("{}: the transform {} {}", candidate.spec, candidate.transforms.front()->name, needs_text(data)));
  }
  if (const std::string method = method_by_text(candidate); data.statistics && !method.empty()) {
    throw_usage(fmt::format("{}: the method {} {}, or use gptq", candidate.spec, method, needs_text(data)));
  }
  if (!data.statistics && has_static_activations(candidate)) {
    throw_usage(fmt::format(
        "{}: static activations need calibration text; give --calibration FILE, or use dynamic ones", candidate.spec));
  }
  if (const std::string pruning = pruning_by_data(candidate); !data.statistics && !pruning.empty()) {
    throw_usage(fmt::format("{}: {} needs calibration text; give --calibration FILE, or prune by magnitude",
                            candidate.spec, pruning));
  }
  if (!data.statistics) {
    throw_usage(
        fmt::format("{}: the method needs calibration text; give --calibration FILE, or use rtn", candidate.spec));
  }
  if (candidate.options.sequential) {
    throw_usage(fmt::format("{}: saved statistics describe the reference's activations only; add --no-sequential",
                            candidate.spec));
  }
}

/// Does a method or pruner look at a weight as a whole?
bool needs_whole_weights(const Candidate& candidate) {
  if (candidate.structure != nullptr) return true;
  return std::any_of(candidate.decisions.begin(), candidate.decisions.end(), [](const auto& entry) {
    return entry.second.pruning || (entry.second.method != nullptr && !entry.second.method->by_row);
  });
}

}  // namespace

Quantizer::Quantizer(const sweep::Walker& walker, std::vector<Candidate*> candidates, CalibrationData data,
                     std::shared_ptr<sweep::Budget> budget)
    : walker_(walker), candidates_(std::move(candidates)), data_(std::move(data)), budget_(std::move(budget)) {
  if (data_.windows) split_ = WindowSplit(data_.windows->size(), data_.held_out);
  bool reference = false;
  for (Candidate* candidate : candidates_) {
    require_data(*candidate, data_);
    start_overlay(*candidate);
    start_activations(walker_, *candidate);
    reference = reference || wants_reference(*candidate);
    walks_ = walks_ || needs_data(*candidate) || needs_whole_weights(*candidate);
    if (data_.windows && needs_own_stream(*candidate)) candidate->stream.emplace(data_.windows, budget_);
  }
  if (data_.windows && reference) reference_.emplace(data_.windows, budget_);
}

bool Quantizer::wants_reference(const Candidate& candidate) const {
  return any_drift(candidate) || transforms_weights(candidate) || learns_blocks(candidate) ||
         (needs_data(candidate) && !candidate.options.sequential);
}

void Quantizer::start_overlay(Candidate& candidate) {
  for (const auto& [id, decision] : candidate.decisions) {
    const graph::SourcePtr& source = walker_.graph().value(id).weight.source;
    if (decision.pruning || loses_inputs(candidate, id) || is_held_as(*source, decision.scheme)) continue;
    if (decision.scheme.kind == codec::Scheme::Kind::kFloat) {
      if (!is_stored_as(*source, decision.scheme.float_dtype)) {
        candidate.overlay.set(id, make_rounded_source(source, decision.scheme.float_dtype));
      }
    } else if (decision.scheme.quantized() && candidate.transforms.empty() && decision.method->by_row) {
      candidate.overlay.set(id, make_rtn_source(source, decision.scheme, *decision.method->by_row));
    } else if (decision.scheme.quantized() &&
               !walker_.plan().sites[static_cast<std::size_t>(walker_.plan().site_of(id))].lookup_uses.empty()) {
      candidate.overlay.set(
          id, make_rtn_source(source, decision.scheme, decision.method->by_row.value_or(codec::FitRule::kRange)));
    }
  }
}

std::vector<std::string> Quantizer::reference_observers(const sweep::Block& block) const {
  std::set<std::string> names;
  for (const Candidate* candidate : candidates_) {
    for (const TransformInfo* transform : candidate->transforms) {
      names.insert(transform->observers.begin(), transform->observers.end());
    }
    if (candidate->options.sequential) continue;
    for (const sweep::Group& group : block.groups) {
      for (const std::size_t s : group.sites) {
        names.merge(range_observers_of(*candidate, walker_.plan().sites[s].weight));
        names.merge(solving_observers_of(*candidate, walker_.plan().sites[s].weight));
      }
    }
  }
  return {names.begin(), names.end()};
}

Quantizer::BlockStatistics Quantizer::observe_reference(const sweep::Block& block, const sweep::Operands& shared) {
  BlockStatistics result(block.groups.size());
  if (!reference_) {
    for (std::size_t g = 0; data_.statistics && g < block.groups.size(); ++g) {
      for (const std::size_t s : block.groups[g].sites) {
        const auto& name = walker_.graph().value(walker_.plan().sites[s].weight).weight.name;
        const auto found = data_.statistics->by_weight.find(name);
        if (found != data_.statistics->by_weight.end()) result[g].all = found->second;
      }
    }
    return result;
  }
  const auto names = reference_observers(block);
  std::vector<ValueId> wanted;
  std::vector<InputCollector> collected;
  for (const sweep::Group& group : block.groups) {
    wanted.push_back(group.input);
    const ValueId weight = walker_.plan().sites[group.sites.front()].weight;
    collected.emplace_back(walker_.graph().value(weight).weight.source->row_size(), names, split_);
  }
  const std::size_t inputs = wanted.size();
  wanted.insert(wanted.end(), block.live_out.begin(), block.live_out.end());
  search_seeds_.clear();
  search_outputs_.clear();
  std::int64_t searched = 0;
  walker_.visit(*reference_, block.end, wanted, nullptr, &shared, std::nullopt,
                [&](std::size_t window, std::span<const Tensor> values) {
                  for (std::size_t g = 0; g < inputs; ++g) {
                    const Tensor& x = values[g];
                    collected[g].observe(window, x.data<float>(), x.size() / collected[g].cols());
                  }
                  if (searched < kSearchTokens) {
                    search_seeds_.push_back(reference_->load(window));
                    search_outputs_.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(inputs), values.end());
                    searched += reference_->inputs(window).front().size();
                  }
                });
  std::transform(collected.begin(), collected.end(), result.begin(), [](InputCollector& c) { return c.finish(); });
  return result;
}

namespace {

struct SquaredSums {
  double difference = 0, reference = 0;
};

SquaredSums compare_values(const Tensor& found, const Tensor& expected) {
  SquaredSums sums;
  const auto a = found.values<float>(), b = expected.values<float>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sums.difference += difference * difference;
    sums.reference += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return sums;
}

}  // namespace

void Quantizer::run_transforms(const sweep::Block& block, const sweep::Operands& shared, Candidate& candidate,
                               const BlockStatistics& statistics) {
  if (!transforms_weights(candidate)) return;
  const sweep::Program whole = walker_.program(*reference_, block.end, block.live_out);
  const auto block_error = [&](const sweep::Overlay& trial) {
    const sweep::Operands operands = sweep::prepare(walker_.graph(), whole, &trial, &shared);
    std::vector<SquaredSums> sums(search_seeds_.size());
    parallel_for(static_cast<std::int64_t>(sums.size()), [&](std::int64_t i) {
      const auto w = static_cast<std::size_t>(i);
      const auto outputs = whole.run(operands, reference_->inputs(w), search_seeds_[w]);
      for (std::size_t v = 0; v < outputs.size(); ++v) {
        const SquaredSums part = compare_values(outputs[v], search_outputs_[w][v]);
        sums[w].difference += part.difference;
        sums[w].reference += part.reference;
      }
    });
    SquaredSums total;
    for (const SquaredSums& part : sums) {
      total.difference += part.difference;
      total.reference += part.reference;
    }
    return total.reference > 0 ? total.difference / total.reference : total.difference;
  };
  std::vector<std::shared_ptr<const Statistics>> of_groups;
  for (const SeenInputs& seen : statistics) of_groups.push_back(seen.all);
  const auto inputs = [&](const sweep::Group& group, const sweep::Overlay& trial) {
    const sweep::Program program = walker_.program(*reference_, group.first_node, {&group.input, 1});
    const sweep::Operands operands = sweep::prepare(walker_.graph(), program, &trial, &shared);
    std::vector<Tensor> found(search_seeds_.size());
    parallel_for(static_cast<std::int64_t>(found.size()), [&](std::int64_t i) {
      const auto w = static_cast<std::size_t>(i);
      found[w] = program.run(operands, reference_->inputs(w), search_seeds_[w]).front();
    });
    return found;
  };
  BlockContext context{walker_, block, candidate, budget_, of_groups, block_error, inputs};
  for (const TransformInfo* transform : candidate.transforms) {
    if (transform->apply != nullptr) transform->apply(context);
  }
}

namespace {

const MethodInfo* method_of(const sweep::Site& site, const Candidate& candidate) {
  const auto found = candidate.decisions.find(site.weight);
  return found == candidate.decisions.end() ? nullptr : found->second.method;
}

}  // namespace

std::set<std::string> Quantizer::own_observers(const sweep::Group& group, const Candidate& candidate) const {
  std::set<std::string> names;
  for (const std::size_t s : group.sites) {
    const ValueId weight = walker_.plan().sites[s].weight;
    if (!pooled_.contains(weight)) names.merge(solving_observers_of(candidate, weight));
  }
  return names;
}

SeenInputs Quantizer::observe_own(const sweep::Group& group, const sweep::Operands& shared, Candidate& candidate,
                                  const std::set<std::string>& names, bool with_drift) {
  walker_.advance(*candidate.stream, group.first_node, &candidate.overlay, &shared);
  const ValueId weight = walker_.plan().sites[group.sites.front()].weight;
  InputCollector own(walker_.graph().value(weight).weight.source->row_size(), {names.begin(), names.end()}, split_);
  if (with_drift) {
    observe_drift(group, shared, candidate, own);
    return own.finish();
  }
  walker_.visit(*candidate.stream, group.first_node, {&group.input, 1}, &candidate.overlay, &shared, std::nullopt,
                [&](std::size_t window, std::span<const Tensor> values) {
                  const Tensor x = as_read(walker_, group, candidate.overlay, values[0]);
                  own.observe(window, x.data<float>(), x.size() / own.cols());
                });
  return own.finish();
}

bool Quantizer::wants_drift(const sweep::Group& group, const Candidate& candidate) const {
  return reference_ && std::any_of(group.sites.begin(), group.sites.end(), [&](std::size_t s) {
           const MethodInfo* method = method_of(walker_.plan().sites[s], candidate);
           return method != nullptr && method->wants_drift;
         });
}

void Quantizer::observe_drift(const sweep::Group& group, const sweep::Operands& shared, Candidate& candidate,
                              InputCollector& own) {
  // A few windows of one stream, then the same of the other: no more than that is held.
  const std::size_t windows = candidate.stream->size();
  for (std::size_t begin = 0; begin < windows; begin += kDriftWindows) {
    const std::size_t end = std::min(windows, begin + kDriftWindows);
    std::vector<Tensor> expected(end - begin);
    walker_.visit(*reference_, group.first_node, {&group.input, 1}, nullptr, &shared,
                  sweep::Walker::WindowRange{begin, end},
                  [&](std::size_t window, std::span<const Tensor> values) { expected[window - begin] = values[0]; });
    walker_.visit(*candidate.stream, group.first_node, {&group.input, 1}, &candidate.overlay, &shared,
                  sweep::Walker::WindowRange{begin, end}, [&](std::size_t window, std::span<const Tensor> values) {
                    const Tensor x = as_read(walker_, group, candidate.overlay, values[0]);
                    const std::int64_t rows = x.size() / own.cols();
                    own.observe(window, x.data<float>(), rows);
                    // Experts may see other tokens than the reference's.
                    const Tensor& reference = expected[window - begin];
                    if (reference.size() == x.size()) {
                      own.observe_drift(window, reference.data<float>(), x.data<float>(), rows);
                    }
                  });
  }
}

void Quantizer::solve_block(const sweep::Block& block, const sweep::Operands& shared, Candidate& candidate,
                            const BlockStatistics& statistics) {
  for (std::size_t g = 0; g < block.groups.size(); ++g) {
    const sweep::Group& group = block.groups[g];
    fix_own_ranges(group, shared, candidate, statistics[g].all);
    const auto names = own_observers(group, candidate);
    const auto seen = candidate.stream && !names.empty()
                          ? observe_own(group, shared, candidate, names, wants_drift(group, candidate))
                          : statistics[g];
    std::vector<SiteTask> tasks;
    std::vector<graph::SourcePtr> before;
    for (const std::size_t s : group.sites) {
      const sweep::Site& site = walker_.plan().sites[s];
      const auto pooled = pooled_.find(site.weight);
      const bool unknown = data_.statistics && data_.statistics->partial && seen.all == nullptr;
      tasks.push_back({&site, pooled != pooled_.end() ? pooled->second : seen, unknown});
      const auto unclipped = candidate.unclipped.find(site.weight);
      before.push_back(unclipped != candidate.unclipped.end() ? unclipped->second
                                                              : candidate.overlay.source(walker_.graph(), site.weight));
    }
    SiteSolver(walker_, candidate, budget_).solve_group(tasks, &curvature_);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      correct(*tasks[i].site, before[i], tasks[i].seen.all.get(), candidate);
    }
  }
  candidate.unclipped.clear();
}

void Quantizer::fix_own_ranges(const sweep::Group& group, const sweep::Operands& shared, Candidate& candidate,
                               std::shared_ptr<const Statistics> seen) {
  const auto names = range_observers(walker_.plan(), group, candidate, pooled_);
  if (candidate.stream && !names.empty()) seen = observe_own(group, shared, candidate, names, false).all;
  fix_ranges(walker_, group, seen.get(), pooled_, candidate);
}

void Quantizer::correct(const sweep::Site& site, const graph::SourcePtr& before, const Statistics* inputs,
                        Candidate& candidate) const {
  // A site that stays as it was leaves nothing to correct.
  if (inputs == nullptr || candidate.overlay.source(walker_.graph(), site.weight) == before) return;
  SiteContext context{walker_, site, candidate, before, *inputs};
  for (const TransformInfo* transform : candidate.transforms) {
    if (transform->correct != nullptr) transform->correct(context);
  }
}

std::map<ValueId, graph::SourcePtr> Quantizer::refined_weights(const sweep::Block& block,
                                                               const Candidate& candidate) const {
  std::map<ValueId, graph::SourcePtr> before;
  for (const sweep::Group& group : block.groups) {
    for (const std::size_t s : group.sites) {
      const sweep::Site& site = walker_.plan().sites[s];
      const MethodInfo* method = method_of(site, candidate);
      const bool here = site.linear_uses.size() == 1 && site.lookup_uses.empty();
      if (method == nullptr || method->refine == nullptr || !here) continue;
      before[site.weight] = candidate.overlay.source(walker_.graph(), site.weight);
    }
  }
  return before;
}

void Quantizer::refine_block(const sweep::Block& block, sweep::Stream entering,
                             std::map<ValueId, graph::SourcePtr> before, Candidate& candidate) {
  // What gave way to another method, or was codes already, stays.
  std::erase_if(before, [&](const auto& entry) {
    const graph::SourcePtr& now = candidate.overlay.source(walker_.graph(), entry.first);
    return now == entry.second || !now->scheme();
  });
  if (!before.empty()) {
    const MethodInfo* const method = candidate.decisions.at(before.begin()->first).method;
    method->refine({walker_, block, candidate, entering, *reference_, before, curvature_, budget_},
                   candidate.options.steps);
  }
  candidate.held_zeros.clear();
  candidate.stream = std::move(entering);
}

std::set<ValueId> Quantizer::curved_values() const {
  std::set<ValueId> wanted;
  const auto& graph = walker_.graph();
  for (const Candidate* candidate : candidates_) {
    for (const sweep::Site& site : walker_.plan().sites) {
      if (is_curved(graph, *candidate, site)) wanted.insert(site.weight);
    }
    for (const sweep::Block& block : walker_.plan().blocks) {
      const bool last = block.end == static_cast<graph::NodeId>(graph.nodes().size());
      if (!last && !refined_weights(block, *candidate).empty()) {
        wanted.insert(block.live_out.begin(), block.live_out.end());
      }
    }
  }
  return wanted;
}

void Quantizer::process_block(const sweep::Block& block, const sweep::Operands& shared) {
  if (block.begin == 0 && data_.windows) {
    pooled_ = pool_statistics(walker_, candidates_, {data_.windows, budget_}, split_);
    if (const auto of = curved_values(); !of.empty()) {
      curvature_ = observe_output_curvature(walker_, of, data_.windows, budget_);
    }
  }
  const BlockStatistics statistics = observe_reference(block, shared);
  const bool last = block.end == static_cast<graph::NodeId>(walker_.graph().nodes().size());
  for (Candidate* candidate : candidates_) {
    const Stopwatch watch(*candidate);
    run_transforms(block, shared, *candidate, statistics);
    if (learns_blocks(*candidate) && candidate->stream && !last) {
      sweep::Stream entering = walker_.advanced(*candidate->stream, block.begin, &candidate->overlay, &shared);
      const auto before = refined_weights(block, *candidate);
      solve_block(block, shared, *candidate, statistics);
      refine_block(block, std::move(entering), before, *candidate);
    } else {
      solve_block(block, shared, *candidate, statistics);
    }
    if (candidate->stream && !last) walker_.advance(*candidate->stream, block.end, &candidate->overlay, &shared);
  }
  if (reference_ && !last) walker_.advance(*reference_, block.end, nullptr, &shared);
}

void Quantizer::finish() {
  reference_.reset();
  for (Candidate* candidate : candidates_) {
    candidate->stream.reset();
    if (!is_tuned(*candidate)) continue;
    const Stopwatch watch(*candidate);
    const sweep::Walker& teacher = data_.teacher != nullptr ? *data_.teacher : walker_;
    TuneContext context{walker_, teacher, *candidate, *data_.windows, budget_};
    for (const TransformInfo* transform : candidate->transforms) {
      if (transform->tune != nullptr) transform->tune(context);
    }
  }
}

}  // namespace kerf::quant
