#pragma once

#include "kerf/statistics.h"

#include "eval/layout.h"
#include "eval/scorer.h"

namespace kerf::eval {

/// Mean figures of each window of the text, and of each position in the windows.
Profile profile_by_window(const Series& series, const Layout& layout);
Profile profile_by_position(const Series& series, const Layout& layout);

/// Of KL divergences: four bins a decade from 1e-8 to 100 nats.
Histogram kl_histogram(const Series& series);

/// The places with the largest KL, largest first, at most `count`.
std::vector<std::size_t> worst_places(const Series& series, std::size_t count);

}  // namespace kerf::eval
