#pragma once

#include "kerf/kerf.h"

#include "eval/scorer.h"

namespace kerf::eval {

/// Fills the measured fields of `measurement` from a series:
///   perplexity = exp(mean nll); perplexity_stderr = perplexity * sqrt((mean nll^2 - mean^2) / (n - 1)), as llama.cpp
///   of classifiers instead: entropy, the mean; accuracy with its standard error if labels are known; classes, without
///   their names
///   kl_*: mean with standard error of the mean, and order statistics (linear between neighbours)
///   delta_p_rms = sqrt(mean delta_p^2)
void summarize(const Series& series, Measurement& measurement);

/// The q-quantile of ascending values: value at q * (n - 1), linear between neighbours.
double quantile(const std::vector<double>& ascending, double q);

}  // namespace kerf::eval
