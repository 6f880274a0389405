#include <algorithm>

#include "calibration/observer.h"
#include "calibration/observers/per_channel.h"

namespace kerf::calibration {
namespace {

void observe(const float* x, std::int64_t rows, std::int64_t cols, Tensor& state) {
  fold_channels(x, rows, cols, state, [](double found, double value) { return std::max(found, value); });
}

}  // namespace

extern const ObserverInfo max_observer;
const ObserverInfo max_observer{
    .name = "max",
    .summary = "largest x_c, or 0",
    .source = "Krishnamoorthi 2018, arXiv:1806.08342, section 3.1",
    .dtype = DType::kF64,
    .merge = Merge::kMax,
    .shape = per_channel_shape,
    .observe = observe,
};

}  // namespace kerf::calibration
