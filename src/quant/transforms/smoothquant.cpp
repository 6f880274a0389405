// SmoothQuant (Xiao et al. 2022, arXiv:2211.10438, equations 3 and 4): the range of an activation's channel moves into
// the weights, Y = (X diag(s)^-1)(diag(s) W), s_j = max|X_j|^alpha / max|W_j|^(1 - alpha), so that a few channels with
// large values no longer decide on the step of all. The division is folded into what produces X. The paper has one
// alpha for a model; here it is searched for each group, on the block's own output error under the candidate's
// activation quantizer and weight scheme. max|W_j| is over all weights that read X.
#include <algorithm>
#include <cmath>

#include "quant/transforms/scale_search.h"

namespace kerf::quant {
namespace {

/// max |x_j| of each input channel.
std::vector<float> input_peaks(const calibration::Statistics& statistics) {
  const auto low = statistics.state("min").values<double>(), high = statistics.state("max").values<double>();
  std::vector<float> peaks(low.size());
  for (std::size_t c = 0; c < peaks.size(); ++c) peaks[c] = static_cast<float>(std::max(high[c], -low[c]));
  return peaks;
}

/// max |W_j| over the rows of all weights of the group.
std::vector<float> weight_peaks(const BlockContext& context, const sweep::Group& group, std::size_t channels) {
  std::vector<float> peaks(channels, 0.0F);
  for (const std::size_t s : group.sites) {
    const auto& source =
        context.candidate.overlay.source(context.walker.graph(), context.walker.plan().sites[s].weight);
    const Tensor values = source->read();
    const float* row = values.data<float>();
    for (std::int64_t r = 0; r < source->rows(); ++r, row += channels) {
      for (std::size_t c = 0; c < channels; ++c) peaks[c] = std::max(peaks[c], std::abs(row[c]));
    }
  }
  return peaks;
}

/// Channels that share a channel of the producer (grouped queries) share the largest peak.
std::vector<float> shared_peaks(const std::vector<float>& peaks, const Fold& fold) {
  std::vector<float> largest(static_cast<std::size_t>(fold.producer_channels), 0.0F), result(peaks.size());
  for (std::size_t c = 0; c < peaks.size(); ++c) {
    float& most = largest[static_cast<std::size_t>(fold.channels[c])];
    most = std::max(most, peaks[c]);
  }
  for (std::size_t c = 0; c < peaks.size(); ++c) result[c] = largest[static_cast<std::size_t>(fold.channels[c])];
  return result;
}

/// A channel without values, or whose weights are all 0, is left alone; so are those whose factor is no normal number.
float factor(float input_peak, float weight_peak, double alpha) {
  if (!(input_peak > 0) || !(weight_peak > 0)) return 1.0F;
  const auto value = static_cast<float>(std::pow(static_cast<double>(input_peak), alpha) /
                                        std::pow(static_cast<double>(weight_peak), 1 - alpha));
  return std::isnormal(value) ? value : 1.0F;
}

void apply(BlockContext& context) {
  for (std::size_t g = 0; g < context.block.groups.size(); ++g) {
    search_scales(context, g, "smoothquant", 0, [&](const calibration::Statistics& statistics) -> FactorsOf {
      const auto inputs = input_peaks(statistics);
      const auto weights = weight_peaks(context, context.block.groups[g], inputs.size());
      return [=](const Fold& fold, double alpha) {
        const auto x = shared_peaks(inputs, fold), w = shared_peaks(weights, fold);
        std::vector<float> factors(x.size());
        for (std::size_t c = 0; c < x.size(); ++c) factors[c] = factor(x[c], w[c], alpha);
        return factors;
      };
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
    .observers = {"min", "max"},
    .apply = apply,
};

}  // namespace kerf::quant
