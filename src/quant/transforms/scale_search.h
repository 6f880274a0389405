#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "quant/candidate.h"
#include "quant/transforms/fold.h"

namespace kerf::quant {

/// Factors s of a group's input channels to be tried; equal where channels share one of the producer.
struct ScaleTrial {
  std::string label;  ///< for the ledger: "alpha 0.35"
  std::vector<float> factors;
};
using MakeTrials = std::function<std::vector<ScaleTrial>(const calibration::Statistics& statistics, const Fold& fold)>;

/// Searches factors by which the columns of a group's weights are multiplied and what produces its input is divided.
/// The error is the block's output error with the group rounded to nearest and, where the candidate rounds activations,
/// with its input rounded. The group as it is takes part, so that the block error never rises above plain rounding's.
/// The best is folded into the candidate's overlay, and the ledger says which it was.
void search_scales(BlockContext& context, std::size_t group, std::string_view name, const MakeTrials& make_trials);

}  // namespace kerf::quant
