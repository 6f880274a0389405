#pragma once

#include <map>
#include <string>

#include "kerf/statistics.h"

#include "eval/layout.h"
#include "eval/scorer.h"

namespace kerf::eval {

/// Intervals of a series' figures by their JSON keys; empty if there are too few batches. `reference`: its series, or
/// null. Means by estimate_mean(); what is a function of a mean has the function's values at its bounds: perplexity
/// (exp), perplexity_increase (exp - 1 of the mean difference of log likelihoods), delta_p_rms (the root of the mean
/// square). Quantiles by estimate_quantiles().
std::map<std::string, Estimate, std::less<>> intervals_of(const Series& series, const Series* reference,
                                                          const Layout& layout);

}  // namespace kerf::eval
