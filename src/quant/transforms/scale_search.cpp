#include "quant/transforms/scale_search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "quant/sources.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;
using graph::ValueId;

bool all_quantized(const BlockContext& context, const sweep::Group& group, const Fold& fold) {
  const auto quantized = [&](ValueId weight) {
    const auto found = context.candidate.decisions.find(weight);
    return found != context.candidate.decisions.end() && found->second.scheme.quantized();
  };
  const auto& sites = context.walker.plan().sites;
  return std::all_of(group.sites.begin(), group.sites.end(),
                     [&](std::size_t s) { return quantized(sites[s].weight); }) &&
         (fold.linear == graph::kNoValue || quantized(fold.linear));
}

/// The range of the group's input once channel c is divided by factors[c].
codec::ValueRange scaled_range(const Statistics& statistics, const std::vector<float>& factors) {
  const auto low = statistics.state("min").values<double>(), high = statistics.state("max").values<double>();
  codec::ValueRange range;
  for (std::size_t c = 0; c < factors.size(); ++c) {
    range.low = std::min(range.low, static_cast<float>(low[c]) / factors[c]);
    range.high = std::max(range.high, static_cast<float>(high[c]) / factors[c]);
  }
  return range;
}

/// Of all activations that the candidate rounds, only the group's own count: what the others lose is no matter of its
/// factors. Static ranges are not fixed yet; the range that was seen stands in.
void keep_own_roundings(const BlockContext& context, const sweep::Group& group, const Statistics& statistics,
                        const std::vector<float>& factors, sweep::Overlay& trial) {
  std::set<std::size_t> own(group.sites.begin(), group.sites.end());
  std::map<std::string, std::shared_ptr<const codec::FakeQuantizer>> made;
  const auto& plan = context.walker.plan();
  for (const sweep::Group& other : context.block.groups) {
    for (const std::size_t s : other.sites) {
      if (own.contains(s)) continue;
      for (const graph::NodeId node : plan.sites[s].linear_uses) trial.erase_roundings(node);
    }
  }
  if (!statistics.has("min") || !statistics.has("max")) return;
  for (const std::size_t s : group.sites) {
    const auto& choice = context.candidate.decisions.at(plan.sites[s].weight).activations;
    if (!choice || choice->scheme.dynamic) continue;
    auto& quantizer = made[choice->scheme.name];
    if (quantizer == nullptr) {
      quantizer = codec::make_static_quantizer(choice->scheme, scaled_range(statistics, factors));
    }
    for (const graph::NodeId node : plan.sites[s].linear_uses) {
      trial.set_rounding(node, {.input = 0, .quantizer = quantizer});
    }
  }
}

/// The candidate's overlay with the group rounded to nearest after scaling.
sweep::Overlay trial_overlay(const BlockContext& context, const sweep::Group& group, const Statistics& statistics,
                             const Fold& fold, const std::vector<float>& factors) {
  sweep::Overlay trial = context.candidate.overlay;
  const auto& graph = context.walker.graph();
  const auto& plan = context.walker.plan();
  apply_fold(graph, plan, group, fold, factors, context.candidate.folded_dtype, trial);
  for (const std::size_t s : group.sites) {
    const ValueId weight = plan.sites[s].weight;
    const auto& scheme = context.candidate.decisions.at(weight).scheme;
    const graph::SourcePtr source = trial.source(graph, weight);
    trial.set(weight, make_quantized_source(round_to_nearest(source->read(), scheme, source->label()), *source,
                                            context.budget));
  }
  keep_own_roundings(context, group, statistics, factors, trial);
  return trial;
}

SiteReport report_for(const BlockContext& context, const sweep::Group& group, const Statistics& statistics,
                      std::string_view name) {
  const auto& graph = context.walker.graph();
  SiteReport report;
  std::vector<std::string> names;
  for (const std::size_t s : group.sites) {
    const auto& weight = graph.value(context.walker.plan().sites[s].weight).weight;
    names.push_back(weight.name);
  }
  report.name = fmt::format("{}", fmt::join(names, " + "));
  report.scheme = context.candidate.decisions.at(context.walker.plan().sites[group.sites.front()].weight).scheme.name;
  report.method = name;
  report.transform = true;
  report.tokens = statistics.tokens();
  return report;
}

}  // namespace

void search_scales(BlockContext& context, std::size_t index, std::string_view name, const MakeTrials& make_trials) {
  if (!context.statistics[index]) return;
  const Statistics& statistics = *context.statistics[index];
  const sweep::Group& group = context.block.groups[index];
  const auto& graph = context.walker.graph();
  const auto& plan = context.walker.plan();
  SiteReport report = report_for(context, group, statistics, name);
  const auto leave = [&](const std::string& reason) {
    report.note = "not scaled: " + reason;
    context.candidate.ledger.push_back(std::move(report));
  };
  if (statistics.tokens() == 0) return leave("no token of the calibration text reached it");
  std::string reason;
  const auto fold = find_fold(graph, plan, context.block, group, statistics.cols(), reason);
  if (!fold) return leave(reason);
  if (!all_quantized(context, group, *fold)) return leave("a weight of the group or its producer is not quantized");

  const auto error_of = [&](const std::vector<float>& factors) {
    return context.block_error(trial_overlay(context, group, statistics, *fold, factors));
  };
  report.block_error_rtn = error_of(std::vector<float>(static_cast<std::size_t>(statistics.cols()), 1.0f));
  report.block_error = report.block_error_rtn;
  ScaleTrial best;
  for (ScaleTrial& trial : make_trials(statistics, *fold)) {
    const double error = error_of(trial.factors);
    if (!(error < report.block_error)) continue;
    report.block_error = error;
    best = std::move(trial);
  }
  if (best.factors.empty()) return leave("nothing that was tried lowers the block's error");
  apply_fold(graph, plan, group, *fold, best.factors, context.candidate.folded_dtype, context.candidate.overlay);
  report.note = fmt::format("{}, folded into {}", best.label, fold->where);
  context.candidate.ledger.push_back(std::move(report));
}

}  // namespace kerf::quant
