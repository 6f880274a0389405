#pragma once

#include <span>
#include <string>
#include <vector>

#include "kerf/kerf.h"

namespace kerf::quant {

/// What a reader must be told even if nobody asks for the ledger: one sentence for all sites at which the method gave
/// way for what it did on held-out text, one for those at which it did for another reason, and one for all other sites
/// with something to know, each with the first site's own words.
std::vector<std::string> ledger_notes(std::span<const SiteReport> ledger);
/// How much better than rounding to nearest the method was, on its text and on held-out text; empty if none was.
std::string held_out_summary(std::span<const SiteReport> ledger);

}  // namespace kerf::quant
