#include "ops/reduction.h"

#include <fmt/format.h>

namespace kerf::ops {

std::vector<bool> reduced_axes(const graph::Node& node, const std::vector<std::int64_t>& axes, std::size_t rank) {
  const bool none = axes.empty() && node.attributes.int_or("noop_with_empty_axes", 0) != 0;
  std::vector<bool> reduced(rank, axes.empty() && !none);
  for (const std::int64_t axis : axes) reduced[normalized_axis(axis, rank)] = true;
  return reduced;
}

Shape reduced_shape(const graph::Node& node, const Shape& shape, const std::vector<bool>& reduced) {
  const bool keep = node.attributes.int_or("keepdims", 1) != 0;
  Shape result;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!reduced[i]) {
      result.push_back(shape[i]);
    } else if (keep) {
      result.push_back(1);
    }
  }
  return result;
}

std::vector<TensorSpec> infer_reduction(const graph::Node& node, Specs inputs, bool of_none) {
  expect_input_count(inputs, 1, 2);
  expect_one_output(node);
  const TensorSpec& x = expect_input(inputs, 0, "data", kNumberDTypes);
  const auto axes = known_integers(inputs, 1, "axes").value_or(std::vector<std::int64_t>());
  const auto reduced = reduced_axes(node, axes, x.shape.size());
  for (std::size_t i = 0; i < reduced.size() && !of_none; ++i) {
    if (reduced[i] && x.shape[i] == 0) mismatch(fmt::format("found no elements along axis {}, expected some", i));
  }
  return {{x.dtype, reduced_shape(node, x.shape, reduced)}};
}

ReductionRows::ReductionRows(const Tensor& x, const std::vector<bool>& reduced) {
  const Shape strides = row_major_strides(x.shape());
  Shape order, order_strides;
  for (const bool pass : {false, true}) {
    for (std::size_t i = 0; i < reduced.size(); ++i) {
      if (reduced[i] != pass) continue;
      order.push_back(x.dim(i));
      order_strides.push_back(strides[i]);
      if (pass) width *= x.dim(i);
    }
  }
  rows = order_strides == strides ? x : strided_copy(x, order, 0, order_strides);
}

}  // namespace kerf::ops
