#include "ops/quantization_axis.h"

#include <fmt/format.h>

#include "core/checked.h"

namespace kerf::ops {

ScaleLayout::ScaleLayout(const graph::Node& node, const Shape& x, const Shape& scale) {
  const std::int64_t size = node.attributes.int_or("block_size", 0);
  if (size < 0) mismatch(fmt::format("attribute block_size: found {}", size));
  if (size == 0 && numel(scale) == 1) {
    single = true;
    return;
  }
  const std::size_t axis = normalized_axis(node.attributes.int_or("axis", 1), x.size());
  const AxisView view(x, axis);
  extent = view.extent;
  inner = view.inner;
  if (size == 0) {
    per_axis = true;
    if (scale != Shape{extent}) {
      mismatch(fmt::format("found a scale of shape {} for {}, expected {} along axis {}", to_string(scale),
                           to_string(x), extent, axis));
    }
    return;
  }
  block_size = size;
  blocks = div_up(extent, size);
  Shape expected = x;
  expected[axis] = blocks;
  if (scale != expected) {
    mismatch(fmt::format("found a scale of shape {} for {} in blocks of {}, expected {}", to_string(scale),
                         to_string(x), size, to_string(expected)));
  }
}

void check_zero_point(Specs inputs, std::size_t index, const Shape& scale) {
  if (!has_input(inputs, index)) return;
  const Shape& zero = inputs[index]->shape;
  if (zero != scale && !(numel(zero) == 1 && numel(scale) == 1)) {
    mismatch(fmt::format("found zero points of shape {}, expected {} as the scale", to_string(zero), to_string(scale)));
  }
}

}  // namespace kerf::ops
