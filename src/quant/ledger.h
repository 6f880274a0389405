#pragma once

#include <span>
#include <string>
#include <vector>

#include "kerf/kerf.h"

namespace kerf::quant {

/// What a reader must be told even if nobody asks for the ledger: one sentence for all sites at which the method gave
/// way to another, and one for all other sites with something to know, each with the first site's own words.
std::vector<std::string> ledger_notes(std::span<const SiteReport> ledger);

}  // namespace kerf::quant
