#pragma once

#include <cstdint>

#include "ops/axis_view.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace kerf::ops {

/// Which scale belongs to an element: all the same one, one along an axis, or one for each block of an axis.
struct ScaleLayout {
  /// Error(kInput) if the scale's shape is none of these for attributes axis and block_size.
  ScaleLayout(const graph::Node& node, const Shape& x, const Shape& scale);
  std::int64_t index_of(std::int64_t element) const {
    if (single) return 0;
    const std::int64_t along = element / inner % extent;
    const std::int64_t block = along / block_size;
    return per_axis ? along : (element / inner / extent * blocks + block) * inner + element % inner;
  }
  bool single = false, per_axis = false;
  std::int64_t extent = 1, inner = 1, block_size = 1, blocks = 1;
};

/// A zero point, if there is one, is of the scale's shape.
void check_zero_point(Specs inputs, std::size_t index, const Shape& scale);

}  // namespace kerf::ops
