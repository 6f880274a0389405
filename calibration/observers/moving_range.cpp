#include "calibration/moving_range.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "calibration/observer.h"

namespace kerf::calibration {
namespace {

using M = MovingRange;

double kept(double windows) { return std::pow(1.0 - M::kConstant, windows); }

/// Windows come one at a time.
void observe(const float* x, std::int64_t rows, std::int64_t cols, Tensor& state) {
  if (rows == 0) return;
  const auto [low, high] = std::minmax_element(x, x + rows * cols);
  double* const s = state.data<double>();
  if (s[M::kWindows] == 0) {
    s[M::kFirstLow] = static_cast<double>(*low);
    s[M::kFirstHigh] = static_cast<double>(*high);
  }
  s[M::kLow] = (1.0 - M::kConstant) * s[M::kLow] + M::kConstant * static_cast<double>(*low);
  s[M::kHigh] = (1.0 - M::kConstant) * s[M::kHigh] + M::kConstant * static_cast<double>(*high);
  s[M::kWindows] += 1;
}

void merge(Tensor& into, const Tensor& from) {
  double* const a = into.data<double>();
  const double* const b = from.data<double>();
  if (a[M::kWindows] == 0) {
    a[M::kFirstLow] = b[M::kFirstLow];
    a[M::kFirstHigh] = b[M::kFirstHigh];
  }
  a[M::kLow] = kept(b[M::kWindows]) * a[M::kLow] + b[M::kLow];
  a[M::kHigh] = kept(b[M::kWindows]) * a[M::kHigh] + b[M::kHigh];
  a[M::kWindows] += b[M::kWindows];
}

Shape shape(std::int64_t) { return {M::kSize}; }

}  // namespace

double MovingRange::low(const Tensor& state) {
  const double* const s = state.data<double>();
  return s[kLow] + kept(s[kWindows]) * s[kFirstLow];
}

double MovingRange::high(const Tensor& state) {
  const double* const s = state.data<double>();
  return s[kHigh] + kept(s[kWindows]) * s[kFirstHigh];
}

extern const ObserverInfo moving_range_observer;
const ObserverInfo moving_range_observer{
    .name = "moving_range",
    .summary = "exponential moving average of the smallest and largest x of each window",
    .source = "Jacob et al. 2017, arXiv:1712.05877, section 3.1; PyTorch's MovingAverageMinMaxObserver",
    .dtype = DType::kF64,
    .merge = Merge::kOwn,
    .shape = shape,
    .observe = observe,
    .merge_states = merge,
    .by_window = true,
};

}  // namespace kerf::calibration
