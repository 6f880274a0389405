#pragma once

#include <string>

#include "kerf/kerf.h"

namespace kerf::report {

/// "+2.13%"; a difference of log perplexities as what it does to the perplexity.
std::string change_text(double log_ratio);
/// "+2.13% \u00B1 0.31": with half the 95 % interval; without it where there is none.
std::string change_with_interval(const Judgement& judgement);
/// "inconclusive, about 12,000 more tokens needed"
std::string verdict_text(const Judgement& judgement);
/// "KL 1.2e-09 nats, perplexity 0.00001%, ...": what the reference differs from itself.
std::string noise_floor_text(const NoiseFloor& floor);

}  // namespace kerf::report
