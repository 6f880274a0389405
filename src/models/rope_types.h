#pragma once

#include "models/rope.h"

namespace kerf::models {

/// For X(name) in the list, a function name_rope_type() that the type's own file defines.
#define X(name) const RopeType& name##_rope_type();
#include "models/rope_types.def"
#undef X

}  // namespace kerf::models
