#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor.h"

namespace kerf::ops {

/// Elements from one axis step to the next, row-major.
std::vector<std::int64_t> row_major_strides(const Shape& shape);

/// A new tensor of `shape` whose element [i, j, ...] is the element of `source` at offset + i * strides[0] + j *
/// strides[1] + ..., counted in elements; all of them must lie in `source`. Any dtype.
Tensor strided_copy(const Tensor& source, const Shape& shape, std::int64_t offset,
                    const std::vector<std::int64_t>& strides);

/// The way back: element [i, j, ...] of `values` goes to the element of `target` at offset + i * strides[0] + ...; f32.
/// Different elements must have different places.
void strided_scatter(const Tensor& values, Tensor& target, std::int64_t offset,
                     const std::vector<std::int64_t>& strides);

}  // namespace kerf::ops
