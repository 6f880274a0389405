#include "calibration/moving_range.h"
#include "quant/range_rule.h"

namespace kerf::quant {
namespace {

codec::ValueRange choose(const calibration::Statistics& statistics, const codec::ActivationScheme&,
                         const RangeChoice&) {
  const Tensor& state = statistics.state("moving_range");
  return {static_cast<float>(calibration::MovingRange::low(state)),
          static_cast<float>(calibration::MovingRange::high(state))};
}

}  // namespace

extern const RangeRule moving_average_range;
const RangeRule moving_average_range{
    .name = "moving-average",
    .summary = "m <- 0.99 m + 0.01 (smallest, largest) of each window of text, from the first window's on",
    .source = "Jacob et al. 2017, arXiv:1712.05877, section 3.1; PyTorch's MovingAverageMinMaxObserver",
    .observers = {"moving_range"},
    .choose = choose,
};

}  // namespace kerf::quant
