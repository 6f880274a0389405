#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "quant/candidate.h"
#include "quant/transforms/fold.h"

namespace kerf::quant {

/// Factors s of a group's input channels for one alpha of the grid; equal where channels share one of the producer.
using FactorsOf = std::function<std::vector<float>(const Fold& fold, double alpha)>;

/// Searches the strength alpha of a rewrite that multiplies the columns of a group's weights by s(alpha) and divides
/// what produces its input. The error is the block's output error with the group rounded to nearest and, where the
/// candidate rounds activations, with its input rounded. `first_alpha` is the first of the grid up to 1; leaving the
/// group as it is belongs to the grid too, so that the block error never rises above plain rounding's. The best is
/// folded into the candidate's overlay, and the ledger says which it was.
void search_scales(BlockContext& context, std::size_t group, std::string_view name, double first_alpha,
                   const std::function<FactorsOf(const calibration::Statistics&)>& prepare);

}  // namespace kerf::quant
