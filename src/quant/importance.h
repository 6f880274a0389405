#pragma once

#include <span>
#include <vector>

#include "calibration/statistics.h"

namespace kerf::quant {

/// How much a weight's squared error counts, by input channel: the mean square of the channel, relative to the mean of
/// all channels, so that sums stay in the range of f32; never below 0.001, because a channel that one text leaves
/// silent may speak in another. All 1 if every input was zero. `squares`: sums of squares, or anything proportional.
std::vector<float> relative_importance(std::span<const double> squares);
/// Sums of the squares of each input channel: sum_squares, or else the diagonal of outer_product.
std::vector<double> channel_energies(const calibration::Statistics& statistics);
/// From the statistics' sum_squares, or else the diagonal of their outer_product.
std::vector<float> relative_importance(const calibration::Statistics& statistics);

}  // namespace kerf::quant
