// AWQ (Lin et al. 2023, arXiv:2306.00978, section 3.2, equations 4 and 5): input channels with large activations are
// scaled up before rounding, and the producer scaled down, so that they lose less. The factor of a channel is
// salience^alpha, salience the mean |x| of the channel; alpha is searched over a grid on the block's own output error,
// with the group rounded to nearest. alpha = 0 is in the grid, so the block error never rises above plain rounding's.
// Then ranges are cut, where the method takes them as they are (rtn): other methods search them by themselves.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quant/transforms/clip_search.h"
#include "quant/transforms/scale_search.h"

namespace kerf::quant {
namespace {

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

std::vector<ScaleTrial> make_trials(const calibration::Statistics& statistics, const Fold& fold) {
  const auto saliences = salience(statistics, fold);
  std::vector<ScaleTrial> trials;
  for (int step = 1; step <= kGridSteps; ++step) {
    const double alpha = static_cast<double>(step) / kGridSteps;
    trials.push_back({fmt::format("alpha {:.2f}", alpha), factors_for(saliences, alpha)});
  }
  return trials;
}

void apply(BlockContext& context) {
  for (std::size_t g = 0; g < context.block.groups.size(); ++g) search_scales(context, g, "awq", make_trials);
  for (const sweep::Group& group : context.block.groups) search_clips(context, group, "awq");
}

}  // namespace

extern const TransformInfo awq_transform;
const TransformInfo awq_transform{
    .name = "awq",
    .summary =
        "scales input channels by their activations, folded into norms, v and up, and with rtn cuts ranges; both "
        "searched "
        "on the block's output error",
    .source = "Lin et al. 2023, arXiv:2306.00978, equations 4 and 5",
    .observers = {"sum_abs"},
    .apply = apply,
};

}  // namespace kerf::quant
