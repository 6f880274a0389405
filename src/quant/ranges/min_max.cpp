#include "quant/range_rule.h"
#include "quant/ranges/seen.h"

namespace kerf::quant {
namespace {

codec::ValueRange choose(const calibration::Statistics& statistics, const codec::ActivationScheme&,
                         const RangeChoice&) {
  return seen_range(statistics);
}

}  // namespace

extern const RangeRule min_max_range;
const RangeRule min_max_range{
    .name = "min-max",
    .summary = "the smallest and the largest value that was seen",
    .source = "Krishnamoorthi 2018, arXiv:1806.08342, section 3.1",
    .observers = {"min", "max"},
    .choose = choose,
};

}  // namespace kerf::quant
