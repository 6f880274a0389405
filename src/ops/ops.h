#pragma once

#include "ops/op.h"

namespace kerf::ops {

/// For X(name) in the list, a function name_op() that the operator's own file defines.
#define X(name) const OpInfo& name##_op();
#include "ops/ops.def"
#undef X

}  // namespace kerf::ops
