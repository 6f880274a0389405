#pragma once

#include <string>

#include "kerf/kerf.h"

#include "core/json.h"

namespace kerf::report {

/// chosen, outputs[], tensors[], sites[], expected_ram_bytes, seconds, peak_ram_bytes, notes.
Json to_json(const QuantizeResult& result);
/// What was written and the hash of what it reads back as; `verbose` adds the tables of sites.
std::string to_text(const QuantizeResult& result, bool verbose);
/// "a.q.w + a.k.w" -> "a.{q,k}.w", as a shell would write it; names that differ in more than one part stay.
std::string collapsed_names(const std::string& names);
/// What would be written: every tensor with its scheme and the rule that decided, exact bytes, expected memory.
std::string plan_text(const QuantizeResult& result);

}  // namespace kerf::report
