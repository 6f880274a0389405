#pragma once

#include <string>

#include "kerf/kerf.h"

namespace kerf::report {

/// "4.1 times smaller, runs in 0.9 GB, perplexity +2.1% \u00B1 0.3, one token in 16 differs": what a candidate comes
/// to.
std::string plain_sentence(const Measurement& candidate, const Measurement& reference, const TextFigures& text);

/// The candidate to name first: the smallest that is equivalent to the reference, else the one with the least KL.
/// `candidates` is not empty.
std::size_t leading_candidate(const std::vector<Measurement>& candidates);

/// "0.9 GB", "14.7 MB": powers of 1000.
std::string plain_bytes(double bytes);

}  // namespace kerf::report
