#pragma once

#include <cstdint>
#include <utility>

#include "ops/broadcast.h"

namespace kerf::ops {

/// What numpy's matmul makes of two shapes: matrices in the last two axes, a vector being a row on the left and a
/// column on the right, and the axes before them broadcast. Error(kInput) if they do not fit.
struct MatrixProduct {
  MatrixProduct(const Shape& a, const Shape& b);

  std::int64_t rows = 1, inner = 1, cols = 1;
  Shape result;
  Broadcast batch;  ///< strides count matrices
  /// Elements before the operands of product `index`.
  std::pair<std::int64_t, std::int64_t> offsets(std::int64_t index) const;
};

}  // namespace kerf::ops
