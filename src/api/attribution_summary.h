#pragma once

#include <vector>

#include "kerf/attribution.h"

namespace kerf::api {

/// Sorts the sites by falling KL alone, and fills the sums by role and layer.
void summarize_sites(Attribution& attribution);

/// What one site would take in a wider scheme.
struct WiderSite {
  std::uint64_t more_bytes = 0;
  std::string scheme;  ///< empty: it is that wide already
};

/// Sets of sites whose widening buys most of the KL for the bytes, of each size that is worth a sentence: up to 2 %,
/// 5 % and 10 % more. `wider` belongs to attribution.sites.
std::vector<Widening> find_widenings(const Attribution& attribution, const std::vector<WiderSite>& wider);

}  // namespace kerf::api
