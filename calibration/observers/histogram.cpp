#include "calibration/histogram.h"

#include <algorithm>
#include <vector>

#include "calibration/observer.h"
#include "core/checked.h"
#include "core/threads.h"

namespace kerf::calibration {
namespace {

/// Counts are whole numbers, whose sums are the same in any order.
void observe(const float* x, std::int64_t rows, std::int64_t cols, Tensor& state) {
  constexpr std::int64_t kTaskValues = std::int64_t{1} << 17;
  const std::int64_t values = rows * cols, tasks = div_up(values, kTaskValues);
  std::vector<std::vector<std::uint32_t>> counts(static_cast<std::size_t>(tasks));
  parallel_for(tasks, [&](std::int64_t task) {
    auto& own = counts[static_cast<std::size_t>(task)];
    own.assign(Histogram::kBins, 0);
    const std::int64_t end = std::min(values, (task + 1) * kTaskValues);
    for (std::int64_t i = task * kTaskValues; i < end; ++i) ++own[static_cast<std::size_t>(Histogram::bin_of(x[i]))];
  });
  double* const sums = state.data<double>();
  for (const auto& own : counts) {
    for (std::size_t bin = 0; bin < own.size(); ++bin) sums[bin] += own[bin];
  }
}

Shape shape(std::int64_t) { return {Histogram::kBins}; }

}  // namespace

extern const ObserverInfo histogram_observer;
const ObserverInfo histogram_observer{
    .name = "histogram",
    .summary = "how many values of all channels fall into each of 6145 bins, 64 to a power of two",
    .source = "Migacz 2017, 8-bit Inference with TensorRT",
    .dtype = DType::kF64,
    .merge = Merge::kSum,
    .shape = shape,
    .observe = observe,
};

}  // namespace kerf::calibration
