#include <algorithm>
#include <cmath>

#include "calibration/observer.h"
#include "calibration/observers/per_channel.h"

namespace kerf::calibration {
namespace {

void observe(const float* x, std::int64_t rows, std::int64_t cols, Tensor& state) {
  fold_channels(x, rows, cols, state, [](double sum, double value) { return std::max(sum, std::abs(value)); });
}

}  // namespace

extern const ObserverInfo max_abs_observer;
const ObserverInfo max_abs_observer{
    .name = "max_abs",
    .summary = "largest |x_c|",
    .source = "Xiao et al. 2022, arXiv:2211.10438, equation 4",
    .dtype = DType::kF64,
    .merge = Merge::kMax,
    .shape = per_channel_shape,
    .observe = observe,
};

}  // namespace kerf::calibration
