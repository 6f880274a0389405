#pragma once

#include <string>
#include <vector>

#include "kerf/attribution.h"

#include "core/json.h"

namespace kerf::report {

/// spec, windows, tokens_scored, kl_mean, kl_sum_alone, sites[], roles[], layers[], widenings[], seconds.
Json to_json(const Attribution& attribution);
/// What each weight costs, by role and by layer, what the sum misses, and what widening would buy.
std::string to_text(const Attribution& attribution);

}  // namespace kerf::report
