#pragma once

#include "kerf/kerf.h"

#include "core/json.h"

namespace kerf::api {

/// Everything that decides what `kerf quantize` writes, as a manifest keeps it: model, outputs, choices, calibration.
/// Empty texts and lists are left out.
Json request_json(const QuantizeOptions& options);
/// The inverse. Strict: Error(kInput) naming file and key.
QuantizeOptions read_request(const JsonCursor& request);

}  // namespace kerf::api
