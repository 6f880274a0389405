// Bias correction (Nagel et al. 2019, arXiv:1906.04721, section 4.2, with the empirical mean of appendix D): rounding
// shifts the mean output of a layer by E[(W^ - W) x] = (W^ - W) E[x]; the bias takes that back. x is what the layer
// reads in the candidate, on the calibration text. Only layers that have a bias are corrected: a file's format may not
// hold a new one.
#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "quant/candidate.h"

namespace kerf::quant {
namespace {

using graph::ValueId;

/// The bias that all uses of the weight add, if they are its only readers.
std::optional<ValueId> bias_of(const SiteContext& context) {
  const auto& graph = context.walker.graph();
  std::optional<ValueId> bias;
  for (const graph::NodeId node : context.site.linear_uses) {
    const auto& inputs = graph.node(node).inputs;
    if (inputs.size() < 3 || inputs[2] == graph::kNoValue) return std::nullopt;
    if (bias && *bias != inputs[2]) return std::nullopt;
    bias = inputs[2];
  }
  if (!bias || graph.value(*bias).kind != graph::Value::Kind::kWeight) return std::nullopt;
  return graph.consumers(*bias) == context.site.linear_uses ? bias : std::nullopt;
}

/// (W^ - W) E[x], by row.
std::vector<double> shifts(const SiteContext& context, const graph::TensorSource& after) {
  const auto sums = context.statistics.state("sum").values<double>();
  const auto tokens = static_cast<double>(context.statistics.tokens());
  const Tensor before = context.before->read(), rounded = after.read();
  std::vector<double> result(static_cast<std::size_t>(after.rows()));
  const float *w = before.data<float>(), *r = rounded.data<float>();
  for (double& shift : result) {
    for (std::size_t c = 0; c < sums.size(); ++c, ++w, ++r) {
      shift += (static_cast<double>(*r) - static_cast<double>(*w)) * (sums[c] / tokens);
    }
  }
  return result;
}

void correct(SiteContext& context) {
  const auto& graph = context.walker.graph();
  const auto& weight = graph.value(context.site.weight).weight;
  SiteReport report;
  report.name = weight.name;
  report.method = "bias-correction";
  report.transform = true;
  report.tokens = context.statistics.tokens();
  if (!context.statistics.has("sum")) {
    throw_usage(
        fmt::format("bias-correction needs the mean input of {}, which the saved statistics lack", weight.name));
  }
  const auto bias = bias_of(context);
  if (!bias || context.statistics.tokens() == 0) {
    report.note = bias ? "not corrected: no token of the calibration text reached it"
                       : "not corrected: it has no bias of its own";
    report.fallback = true;
    context.candidate.ledger.push_back(std::move(report));
    return;
  }
  sweep::Overlay& overlay = context.candidate.overlay;
  const graph::SourcePtr source = overlay.source(graph, *bias);
  Tensor values = source->read();
  const auto off = shifts(context, *overlay.source(graph, context.site.weight));
  double largest = 0;
  for (std::size_t i = 0; i < off.size(); ++i) {
    float& value = values.values<float>()[i];
    value = codec::round_to(context.candidate.folded_dtype, static_cast<float>(static_cast<double>(value) - off[i]));
    largest = std::max(largest, std::abs(off[i]));
  }
  overlay.set(*bias, graph::make_memory_source(std::move(values), source->label()));
  report.note = fmt::format("mean output had moved by up to {:.3g}", largest);
  context.candidate.ledger.push_back(std::move(report));
}

}  // namespace

extern const TransformInfo bias_correction_transform;
const TransformInfo bias_correction_transform{
    .name = "bias-correction",
    .summary = "after rounding: biases take back the shift of each layer's mean output; layers without a bias stay",
    .source = "Nagel et al. 2019, arXiv:1906.04721, section 4.2",
    .observers = {},
    .apply = nullptr,
    .site_observers = {"sum"},
    .correct = correct,
};

}  // namespace kerf::quant
