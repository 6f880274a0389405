#pragma once

#include <string>

#include "kerf/kerf.h"

#include "core/json.h"

namespace kerf::report {

/// The measured model's keys at the top, `text`, and `reference` if there is one.
Json to_json(const Evaluation& evaluation);
/// A few lines of name and value.
std::string to_text(const Evaluation& evaluation);

}  // namespace kerf::report
