#include <algorithm>
#include <cmath>

#include "calibration/observer.h"
#include "calibration/observers/per_channel.h"

namespace kerf::calibration {
namespace {

void observe(const float* x, std::int64_t rows, std::int64_t cols, Tensor& state) {
  fold_channels(x, rows, cols, state, [](double sum, double value) { return sum + std::abs(value); });
}

}  // namespace

extern const ObserverInfo sum_abs_observer;
const ObserverInfo sum_abs_observer{
    .name = "sum_abs",
    .summary = "sum over tokens of |x_c|: AWQ's salience times the token count",
    .source = "Lin et al. 2023, arXiv:2306.00978, section 3.2",
    .dtype = DType::kF64,
    .merge = Merge::kSum,
    .shape = per_channel_shape,
    .observe = observe,
};

}  // namespace kerf::calibration
