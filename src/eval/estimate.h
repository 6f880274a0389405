#pragma once

#include <optional>
#include <span>
#include <vector>

#include "kerf/statistics.h"

#include "eval/layout.h"

namespace kerf::eval {

/// The 97.5 % quantile of Student's t distribution.
double t_quantile(std::size_t degrees_of_freedom);

/// The mean of values, one a place of the layout, by batch means: with S_b the sum and n_b the number of values of
/// batch b, of B batches, N values and mean m,
///   error^2 = B / (B - 1) * sum_b (S_b - m n_b)^2 / N^2,   interval = m +- t(B - 1) * error.
/// nullopt with fewer than two batches.
std::optional<Estimate> estimate_mean(std::span<const double> values, const Layout& layout);
/// The same from the batches' sums and counts.
std::optional<Estimate> estimate_from_sums(std::span<const double> sums, std::span<const double> counts);

/// Quantiles (as quantile() in eval/spread.h) by a bootstrap of whole batches with a fixed seed: error is the standard
/// deviation of the resampled quantiles, the interval reaches as far to each side as their 2.5 % and 97.5 % quantiles,
/// times t(B - 1) / 1.96 * sqrt(B / (B - 1)) since few batches vary too little. nullopt with fewer than two batches.
std::optional<std::vector<Estimate>> estimate_quantiles(std::span<const double> values,
                                                        std::span<const double> quantiles, const Layout& layout);

}  // namespace kerf::eval
