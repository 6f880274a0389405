#include "ops/arg_extremum.h"

#include <fmt/format.h>

namespace kerf::ops {

std::vector<TensorSpec> infer_arg_extremum(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "data", kNumberDTypes);
  const std::size_t axis = normalized_axis(node.attributes.int_or("axis", 0), x.shape.size());
  if (x.shape[axis] == 0) mismatch(fmt::format("found no elements along axis {}, expected some", axis));
  Shape shape = x.shape;
  if (node.attributes.int_or("keepdims", 1) != 0) {
    shape[axis] = 1;
  } else {
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  return {{DType::kI64, shape}};
}

}  // namespace kerf::ops
