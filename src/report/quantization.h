#pragma once

#include <string>

#include "kerf/kerf.h"

#include "core/json.h"

namespace kerf::report {

/// chosen, exactness[], outputs[], tensors[], sites[], expected_ram_bytes, seconds, peak_ram_bytes, notes.
Json to_json(const QuantizeResult& result);
/// What was written and the hash of what it reads back as; `verbose` adds the tables of sites.
std::string to_text(const QuantizeResult& result, bool verbose);
/// The same after announcement_text().
std::string rest_text(const QuantizeResult& result, bool verbose);
/// Scheme and method, and which formats hold them exactly: what is known before any work.
std::string announcement_text(const QuantizeResult& planned);
/// "a.q.w + a.k.w" -> "a.{q,k}.w", as a shell would write it; names that differ in more than one part stay.
std::string collapsed_names(const std::string& names);
/// Which formats hold the choice to the bit; of the others why not, and the nearest scheme that they hold.
std::string exactness_text(const QuantizeResult& result);
/// What would be written: every tensor with its scheme and the rule that decided, exact bytes, expected memory.
std::string plan_text(const QuantizeResult& result);

}  // namespace kerf::report
