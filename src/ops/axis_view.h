#pragma once

#include <cstdint>
#include <span>

#include "core/shape.h"

namespace kerf::ops {

/// A tensor seen along one axis: [outer, extent, inner].
struct AxisView {
  AxisView(const Shape& shape, std::size_t axis)
      : outer(numel(std::span(shape).first(axis))),
        extent(shape[axis]),
        inner(numel(std::span(shape).subspan(axis + 1))) {}
  std::int64_t outer, extent, inner;
  /// Lines along the axis.
  std::int64_t lines() const { return outer * inner; }
  /// The first element of line `line`; the next ones are `inner` apart.
  std::int64_t start(std::int64_t line) const { return line / inner * extent * inner + line % inner; }
};

}  // namespace kerf::ops
