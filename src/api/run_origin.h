#pragma once

#include "kerf/kerf.h"

namespace kerf::api {

/// Version, libraries and machine; the command is whoever's who was started with one.
Provenance run_origin();

}  // namespace kerf::api
