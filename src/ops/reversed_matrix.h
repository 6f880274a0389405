#pragma once

#include "ops/linalg.h"

namespace kerf::ops::linalg {

/// As PackedMatrix::pack(), with the input channels in the opposite order and inputs turned as they come: the same
/// products, their terms summed from the other end.
std::shared_ptr<const PackedMatrix> pack_reversed(const float* weights, std::int64_t out, std::int64_t in);

}  // namespace kerf::ops::linalg
