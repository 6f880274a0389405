// SmoothQuant (Xiao et al. 2022, arXiv:2211.10438, equations 3 and 4): the range of an activation's channel moves into
// the weights, Y = (X diag(s)^-1)(diag(s) W), s_j = max|X_j|^alpha / max|W_j|^(1 - alpha), so that a few channels with
// large values no longer decide on the step of all. The division is folded into what produces X; W_j are the columns
// of all weights that read it. What is done differently: the paper has one alpha for a model; here it is searched for
// each group on the block's own output error under the candidate's activation quantizer and weight scheme, and so is
// how large a channel is taken to be: by its peaks, as in the paper, or by its root mean square against the norm of its
// weights, which says more of channels whose peaks are rare (the products that enter a down projection).
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "quant/transforms/scale_search.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;
using Sizes = std::vector<double>;

constexpr int kGridSteps = 10;

/// How large the values of a channel are.
struct Measure {
  std::string_view name;
  Sizes (*of_inputs)(const Statistics& statistics);
  double (*with_weight)(double size, double weight);
  double (*finish)(double size);
};

Sizes input_peaks(const Statistics& statistics) {
  const auto low = statistics.state("min").values<double>(), high = statistics.state("max").values<double>();
  Sizes sizes(low.size());
  for (std::size_t c = 0; c < sizes.size(); ++c) sizes[c] = std::max(high[c], -low[c]);
  return sizes;
}

Sizes input_rms(const Statistics& statistics) {
  const auto sums = statistics.state("sum_squares").values<double>();
  Sizes sizes(sums.begin(), sums.end());
  for (double& size : sizes) size = std::sqrt(size / static_cast<double>(statistics.tokens()));
  return sizes;
}

constexpr std::array<Measure, 2> kMeasures = {{
    {"peaks", input_peaks, [](double size, double weight) { return std::max(size, std::abs(weight)); },
     [](double size) { return size; }},
    {"root mean squares", input_rms, [](double size, double weight) { return size + weight * weight; },
     [](double size) { return std::sqrt(size); }},
}};

/// Of each column, over the rows of all weights of the group.
Sizes weight_sizes(const BlockContext& context, const sweep::Group& group, std::size_t channels,
                   const Measure& measure) {
  Sizes sizes(channels, 0.0);
  for (const std::size_t s : group.sites) {
    const auto& source =
        context.candidate.overlay.source(context.walker.graph(), context.walker.plan().sites[s].weight);
    const Tensor values = source->read();
    const float* weight = values.data<float>();
    for (std::int64_t r = 0; r < source->rows(); ++r) {
      for (double& size : sizes) size = measure.with_weight(size, static_cast<double>(*weight++));
    }
  }
  for (double& size : sizes) size = measure.finish(size);
  return sizes;
}

/// Channels that share a channel of the producer (grouped queries) share the largest size.
Sizes shared_sizes(const Sizes& sizes, const Fold& fold) {
  Sizes largest(static_cast<std::size_t>(fold.producer_channels), 0.0), result(sizes.size());
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    double& most = largest[static_cast<std::size_t>(fold.channels[c])];
    most = std::max(most, sizes[c]);
  }
  for (std::size_t c = 0; c < sizes.size(); ++c) result[c] = largest[static_cast<std::size_t>(fold.channels[c])];
  return result;
}

/// A channel without values, or whose weights are all 0, is left alone; so is one whose factor is no normal number.
float factor(double input, double weight, double alpha) {
  if (!(input > 0) || !(weight > 0)) return 1.0F;
  const auto value = static_cast<float>(std::pow(input, alpha) / std::pow(weight, 1 - alpha));
  return std::isnormal(value) ? value : 1.0F;
}

std::vector<ScaleTrial> make_trials(const BlockContext& context, const sweep::Group& group,
                                    const Statistics& statistics, const Fold& fold) {
  std::vector<ScaleTrial> trials;
  for (const Measure& measure : kMeasures) {
    const Sizes inputs = measure.of_inputs(statistics);
    const Sizes x = shared_sizes(inputs, fold);
    const Sizes w = shared_sizes(weight_sizes(context, group, inputs.size(), measure), fold);
    for (int step = 0; step <= kGridSteps; ++step) {
      const double alpha = static_cast<double>(step) / kGridSteps;
      ScaleTrial trial{fmt::format("alpha {:.1f} of {}", alpha, measure.name), {}};
      for (std::size_t c = 0; c < x.size(); ++c) trial.factors.push_back(factor(x[c], w[c], alpha));
      trials.push_back(std::move(trial));
    }
  }
  return trials;
}

void apply(BlockContext& context) {
  for (std::size_t g = 0; g < context.block.groups.size(); ++g) {
    search_scales(context, g, "smoothquant", [&](const Statistics& statistics, const Fold& fold) {
      return make_trials(context, context.block.groups[g], statistics, fold);
    });
  }
}

}  // namespace

extern const TransformInfo smoothquant_transform;
const TransformInfo smoothquant_transform{
    .name = "smoothquant",
    .summary =
        "moves the range of activation channels into the weights, folded into norms, v and up; its strength searched "
        "on the block's output error",
    .source = "Xiao et al. 2022, arXiv:2211.10438, equation 4",
    .observers = {"min", "max", "sum_squares"},
    .apply = apply,
};

}  // namespace kerf::quant
