#include "ops/element_indices.h"

#include <fmt/format.h>

namespace kerf::ops {

std::size_t check_element_indices(const graph::Node& node, const TensorSpec& data, const TensorSpec& indices) {
  const std::size_t axis = normalized_axis(node.attributes.int_or("axis", 0), data.shape.size());
  bool fits = indices.shape.size() == data.shape.size();
  for (std::size_t i = 0; fits && i < data.shape.size(); ++i) fits = i == axis || indices.shape[i] <= data.shape[i];
  if (!fits) {
    mismatch(fmt::format("found indices of shape {} into {}, expected as many dimensions, none larger but at axis {}",
                         to_string(indices.shape), to_string(data.shape), axis));
  }
  return axis;
}

}  // namespace kerf::ops
