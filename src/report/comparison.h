#pragma once

#include <string>

#include "kerf/kerf.h"

#include "core/json.h"

namespace kerf::report {

/// `text`, `reference` and `candidates`, the latter in the order asked; `pairs`, `noise_floor`, `margin`, `provenance`.
Json to_json(const Comparison& comparison);
/// The ladder: a line for the reference, then one for each candidate; under it how the text was scored.
std::string to_text(const Comparison& comparison);

}  // namespace kerf::report
