#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/fingerprint.h"
#include "graph/tensor_source.h"

namespace kerf::emit {

/// Rows that a weight is read and hashed by: as many as 2^18 values hold, at least one. The same on any machine.
std::int64_t hashed_rows(const graph::TensorSource& source);
/// Fingerprint of some of a weight's values. Zeros lose their sign: a code of zero times a negative scale is -0 in one
/// layout and 0 in another, and means the same.
Fingerprint values_fingerprint(std::span<float> values);
/// Fingerprint of the values of a weight, combined from those of its parts of hashed_rows().
std::string weight_hash(const graph::TensorSource& source);

}  // namespace kerf::emit
