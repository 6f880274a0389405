// AWQ (Lin et al. 2023, arXiv:2306.00978, section 3.2, equations 4 and 5): input channels with large activations are
// scaled up before rounding, and the producer scaled down, so that they lose less. The factor of a channel is
// salience^alpha, salience the mean |x| of the channel; alpha is searched over a grid on the block's own output error,
// with the group rounded to nearest. alpha = 0 is in the grid, so the block error never rises above plain rounding's.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quant/candidate.h"
#include "quant/sources.h"
#include "quant/transforms/fold.h"

namespace kerf::quant {
namespace {

using graph::ValueId;

constexpr int kGridSteps = 20;
constexpr float kSmallestFactor = 1e-4f;

/// Mean |x| of each input channel; channels that share a producer channel share the mean of their saliences.
std::vector<double> salience(const calibration::Statistics& statistics, const Fold& fold) {
  const auto sums = statistics.state("sum_abs").values<double>();
  std::vector<double> pooled(static_cast<std::size_t>(fold.producer_channels), 0.0);
  std::vector<int> shares(pooled.size(), 0);
  for (std::size_t c = 0; c < sums.size(); ++c) {
    const auto p = static_cast<std::size_t>(fold.channels[c]);
    pooled[p] += sums[c];
    ++shares[p];
  }
  std::vector<double> result(sums.size());
  const auto tokens = static_cast<double>(std::max<std::int64_t>(statistics.tokens(), 1));
  for (std::size_t c = 0; c < sums.size(); ++c) {
    const auto p = static_cast<std::size_t>(fold.channels[c]);
    result[c] = pooled[p] / shares[p] / tokens;
  }
  return result;
}

/// salience^alpha, normalised by sqrt(max * min) as the authors' code does. A channel that never fires is left alone.
std::vector<float> factors_for(const std::vector<double>& saliences, double alpha) {
  std::vector<float> factors;
  factors.reserve(saliences.size());
  for (const double value : saliences) {
    factors.push_back(value > 0 ? std::max(static_cast<float>(std::pow(value, alpha)), kSmallestFactor) : 0.0f);
  }
  float low = 0, high = 0;
  for (const float f : factors) {
    if (f == 0) continue;
    low = low == 0 ? f : std::min(low, f);
    high = std::max(high, f);
  }
  const float norm = std::sqrt(low * high);
  for (float& f : factors) f = f == 0 || norm == 0 ? 1.0f : f / norm;
  return factors;
}

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

/// The candidate's overlay with the group rounded to nearest after scaling.
sweep::Overlay trial_overlay(const BlockContext& context, const sweep::Group& group, const Fold& fold,
                             const std::vector<float>& factors) {
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
  return trial;
}

SiteReport report_for(const BlockContext& context, const sweep::Group& group,
                      const calibration::Statistics& statistics) {
  const auto& graph = context.walker.graph();
  SiteReport report;
  std::vector<std::string> names;
  for (const std::size_t s : group.sites) {
    const auto& weight = graph.value(context.walker.plan().sites[s].weight).weight;
    names.push_back(weight.name);
  }
  report.name = fmt::format("{}", fmt::join(names, " + "));
  report.scheme = context.candidate.decisions.at(context.walker.plan().sites[group.sites.front()].weight).scheme.name;
  report.method = "awq";
  report.transform = true;
  report.tokens = statistics.tokens();
  return report;
}

void search_group(BlockContext& context, const sweep::Group& group, const calibration::Statistics& statistics) {
  const auto& graph = context.walker.graph();
  const auto& plan = context.walker.plan();
  SiteReport report = report_for(context, group, statistics);
  std::string reason;
  if (statistics.tokens() == 0) {
    report.note = "not scaled: no token of the calibration text reached it";
    context.candidate.ledger.push_back(std::move(report));
    return;
  }
  const auto fold = find_fold(graph, plan, context.block, group, statistics.cols(), reason);
  if (!fold || !all_quantized(context, group, *fold)) {
    report.note =
        "not scaled: " + (fold ? std::string("a weight of the group or its producer is not quantized") : reason);
    context.candidate.ledger.push_back(std::move(report));
    return;
  }
  const auto saliences = salience(statistics, *fold);
  std::vector<float> best;
  double best_alpha = 0;
  for (int step = 0; step <= kGridSteps; ++step) {
    const double alpha = static_cast<double>(step) / kGridSteps;
    const auto factors = step == 0 ? std::vector<float>(saliences.size(), 1.0f) : factors_for(saliences, alpha);
    const double error = context.block_error(trial_overlay(context, group, *fold, factors));
    if (step == 0) report.block_error_rtn = error;
    if (step == 0 || error < report.block_error) {
      report.block_error = error;
      best = factors;
      best_alpha = alpha;
    }
  }
  if (best_alpha > 0) {
    apply_fold(graph, plan, group, *fold, best, context.candidate.folded_dtype, context.candidate.overlay);
  }
  report.note = fmt::format("alpha {:.2f}, folded into {}", best_alpha, fold->where);
  context.candidate.ledger.push_back(std::move(report));
}

void apply(BlockContext& context) {
  for (std::size_t g = 0; g < context.block.groups.size(); ++g) {
    if (context.statistics[g]) search_group(context, context.block.groups[g], *context.statistics[g]);
  }
}

}  // namespace

extern const TransformInfo awq_transform;
const TransformInfo awq_transform{
    .name = "awq",
    .summary =
        "scales input channels by their activations, folded into norms, v and up; searched on the block's output error",
    .source = "Lin et al. 2023, arXiv:2306.00978, equations 4 and 5",
    .observers = {"sum_abs"},
    .apply = apply,
};

}  // namespace kerf::quant
