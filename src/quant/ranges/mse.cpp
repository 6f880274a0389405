#include <cmath>
#include <limits>
#include <vector>

#include "quant/range_rule.h"
#include "quant/ranges/seen.h"

namespace kerf::quant {
namespace {

using calibration::Histogram;

constexpr int kStepsPerOctave = 16, kOctaves = 8;
/// Values that stand for those of a bin, evenly spread over it.
constexpr int kPerBin = 4;

/// Values in place of what was seen, and how many each stands for.
struct Sample {
  std::vector<float> values;
  std::vector<double> weights;
};

Sample make_sample(const calibration::Statistics& statistics, const codec::ValueRange& seen) {
  const auto counts = statistics.state("histogram").values<double>();
  Sample sample;
  for (std::int64_t bin = 0; bin < Histogram::kBins; ++bin) {
    const double count = counts[static_cast<std::size_t>(bin)];
    if (count == 0) continue;
    const float low = Histogram::smallest(bin);
    const float width = std::min(Histogram::largest(bin), magnitude(seen)) - low;
    for (int i = 0; i < kPerBin; ++i) {
      const float size = low + width * (static_cast<float>(i) + 0.5F) / kPerBin;
      sample.values.push_back(bin < Histogram::kSide ? -size : size);
      sample.weights.push_back(count / kPerBin);
    }
  }
  return sample;
}

double squared_error(const Sample& sample, const codec::ActivationScheme& scheme, const codec::ValueRange& range) {
  std::vector<float> rounded = sample.values;
  codec::make_static_quantizer(scheme, range)->round(rounded.data(), 1, std::ssize(rounded));
  double sum = 0;
  for (std::size_t i = 0; i < rounded.size(); ++i) {
    const double error = static_cast<double>(rounded[i]) - static_cast<double>(sample.values[i]);
    sum += sample.weights[i] * error * error;
  }
  return sum;
}

codec::ValueRange choose(const calibration::Statistics& statistics, const codec::ActivationScheme& scheme,
                         const RangeChoice&) {
  const codec::ValueRange seen = seen_range(statistics);
  const Sample sample = make_sample(statistics, seen);
  codec::ValueRange best = seen;
  double least = std::numeric_limits<double>::infinity();
  for (int step = 0; step <= kStepsPerOctave * kOctaves; ++step) {
    const float share = std::exp2(-static_cast<float>(step) / kStepsPerOctave);
    const codec::ValueRange range{seen.low * share, seen.high * share};
    const double error = squared_error(sample, scheme, range);
    if (error >= least) continue;
    least = error;
    best = range;
  }
  return best;
}

}  // namespace

extern const RangeRule mse_range;
const RangeRule mse_range{
    .name = "mse",
    .summary = "p (smallest, largest), p = 2^(-i/16) for the least sum of (x^ - x)^2 over the histogram",
    .source = "Sung et al. 2015, arXiv:1511.06488; compressed-tensors' mse observer",
    .observers = {"min", "max", "histogram"},
    .choose = choose,
};

}  // namespace kerf::quant
