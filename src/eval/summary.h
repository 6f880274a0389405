#pragma once

#include "kerf/kerf.h"

#include "eval/layout.h"
#include "eval/scorer.h"

namespace kerf::eval {

/// Fills the measured fields of `measurement` from a series:
///   perplexity = exp(mean nll); perplexity_stderr = perplexity * sqrt((mean nll^2 - mean^2) / (n - 1)), as llama.cpp
///   of classifiers instead: entropy, the mean; accuracy with its standard error if labels are known; classes, without
///   their names
///   kl, reverse_kl, delta_p: mean with standard error of the mean, and order statistics
///   delta_p_rms = sqrt(mean delta_p^2); top1_agreement, top5_agreement, likelihood
void summarize(const Series& series, const Series* reference, Measurement& measurement);

/// Fills its intervals, judgement, profiles and histogram. `margin`: of the verdict, nats per token.
void describe(const Series& series, const Series* reference, const Layout& layout, double margin,
              Measurement& measurement);

/// The later candidates against the earlier ones. `series` and `specs` in the same order.
std::vector<PairedDifference> pair_up(std::span<const Series* const> series, std::span<const std::string> specs,
                                      const Layout& layout, double margin);

/// What a series of the reference says that was measured against the reference itself.
NoiseFloor noise_floor(const Series& again, const Series& reference, const Layout& layout);

}  // namespace kerf::eval
