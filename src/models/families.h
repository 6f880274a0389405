#pragma once

#include "models/model_graph.h"

namespace kerf::models {

/// For X(name) in the list, a function name_family() that the family's own file defines.
#define X(name) const Family& name##_family();
#include "models/families.def"
#undef X

}  // namespace kerf::models
