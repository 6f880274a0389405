#pragma once

#include <string>

#include "kerf/kerf.h"

#include "core/json.h"

namespace kerf::report {

/// windows, tokens, sites, bytes, notes, and `output` and `imatrix`, the paths that were written (empty: none).
Json to_json(const CalibrateResult& result, const std::string& output, const std::string& importance);
std::string to_text(const CalibrateResult& result, const std::string& output, const std::string& importance);

}  // namespace kerf::report
