#pragma once

#include <string>

#include "kerf/kerf.h"

#include "core/json.h"

namespace kerf::report {

/// windows, tokens, sites, bytes, notes, and `output`, the path that was written.
Json to_json(const CalibrateResult& result, const std::string& output);
std::string to_text(const CalibrateResult& result, const std::string& output);

}  // namespace kerf::report
