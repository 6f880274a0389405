#pragma once

#include <string>

#include "kerf/kerf.h"

#include "core/json.h"

namespace kerf::report {

/// Everything that inspect() found, with its names as keys.
Json to_json(const Inspection& inspection);
/// A summary, the tensors, the memory to run at each precision.
std::string to_text(const Inspection& inspection);

}  // namespace kerf::report
