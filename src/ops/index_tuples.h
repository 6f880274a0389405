#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/shape.h"

namespace kerf::ops {

/// Entries of each tuple along the last axis of `indices`, which name places in axes [batch, batch + n) of the data.
/// Error(kInput) if the data has fewer axes.
std::size_t tuple_length(const Shape& data, const Shape& indices, std::size_t batch);

/// The row-major place that a tuple names, entries counted from the end if negative; -1 if it is outside.
std::int64_t place_of_tuple(const std::int64_t* tuple, std::span<const std::int64_t> dims);

/// An index counted from the front; -1 if it is outside.
inline std::int64_t index_from_front(std::int64_t index, std::int64_t extent) {
  const std::int64_t from_front = index < 0 ? index + extent : index;
  return from_front >= 0 && from_front < extent ? from_front : -1;
}

}  // namespace kerf::ops
