#pragma once

#include <string>

#include "kerf/kerf.h"

#include "core/json.h"

namespace kerf::report {

/// passed, findings (failure, kind, tensor, text), tensors, and what was checked.
Json to_json(const Verification& result);
/// The verdict, then every finding; with `verbose` also a table of all tensors.
std::string to_text(const Verification& result, bool verbose);

}  // namespace kerf::report
