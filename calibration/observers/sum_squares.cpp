#include <algorithm>
#include <cmath>

#include "calibration/observer.h"
#include "calibration/observers/per_channel.h"

namespace kerf::calibration {
namespace {

void observe(const float* x, std::int64_t rows, std::int64_t cols, Tensor& state) {
  fold_channels(x, rows, cols, state, [](double sum, double value) { return sum + value * value; });
}

}  // namespace

extern const ObserverInfo sum_squares_observer;
const ObserverInfo sum_squares_observer{
    .name = "sum_squares",
    .summary = "sum over tokens of x_c^2: llama.cpp's importance (in_sum2)",
    .source = "llama.cpp tools/imatrix",
    .dtype = DType::kF64,
    .merge = Merge::kSum,
    .shape = per_channel_shape,
    .observe = observe,
};

}  // namespace kerf::calibration
