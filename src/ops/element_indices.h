#pragma once

#include <cstdint>

#include "ops/index_tuples.h"
#include "ops/op.h"
#include "ops/shape_rules.h"
#include "ops/strided_copy.h"

namespace kerf::ops {

/// The axis of GatherElements and ScatterElements, whose indices have the data's rank and, but along that axis, at most
/// its extents. Error(kInput) otherwise.
std::size_t check_element_indices(const graph::Node& node, const TensorSpec& data, const TensorSpec& indices);

/// Calls body(i, place) for every element i of the indices and the element of the data that it names, -1 if it is
/// outside; in order.
template <typename Body>
void for_element_indices(const Tensor& indices, const Shape& data, std::size_t axis, const Body& body) {
  const auto wanted = integers_of(indices);
  const auto strides = row_major_strides(data), own = row_major_strides(indices.shape());
  for (std::int64_t i = 0; i < indices.size(); ++i) {
    const std::int64_t index = index_from_front(wanted[static_cast<std::size_t>(i)], data[axis]);
    std::int64_t place = index * strides[axis];
    for (std::size_t a = 0; a < data.size(); ++a) {
      if (a != axis) place += i / own[a] % indices.dim(a) * strides[a];
    }
    body(i, index < 0 ? -1 : place);
  }
}

}  // namespace kerf::ops
