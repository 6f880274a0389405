#include "calibration/observer.h"
#include "calibration/observers/per_channel.h"

namespace kerf::calibration {
namespace {

void observe(const float* x, std::int64_t rows, std::int64_t cols, Tensor& state) {
  fold_channels(x, rows, cols, state, [](double sum, double value) { return sum + value; });
}

}  // namespace

extern const ObserverInfo sum_observer;
const ObserverInfo sum_observer{
    .name = "sum",
    .summary = "sum over tokens of x_c: the mean input times the token count",
    .source = "Nagel et al. 2019, arXiv:1906.04721, section 4.2",
    .dtype = DType::kF64,
    .merge = Merge::kSum,
    .shape = per_channel_shape,
    .observe = observe,
};

}  // namespace kerf::calibration
