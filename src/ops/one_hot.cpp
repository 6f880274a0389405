#include <cstring>

#include <fmt/format.h>

#include "ops/axis_view.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::size_t axis_of(const graph::Node& node, std::size_t rank) {
  return normalized_axis(node.attributes.int_or("axis", -1), rank + 1);
}

/// Integers from numbers of any dtype that are meant as such.
std::vector<std::int64_t> whole_numbers(const Tensor& tensor) {
  if (tensor.dtype() != DType::kF32) return integers_of(tensor);
  std::vector<std::int64_t> result;
  for (const float value : tensor.values<float>()) {
    result.push_back(value > -1e15F && value < 1e15F ? static_cast<std::int64_t>(value) : -1);
  }
  return result;
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 3, 3);
  const TensorSpec& indices = expect_input(inputs, 0, "indices", kNumberDTypes);
  const TensorSpec& depth = expect_input(inputs, 1, "depth", kNumberDTypes);
  const TensorSpec& values = expect_input(inputs, 2, "values", kElementDTypes);
  expect_shape(values, "values", {2});
  if (!depth.known.defined() || depth.known.size() != 1) {
    mismatch("input depth: it depends on the data, expected one number that follows from constants");
  }
  const std::int64_t count = whole_numbers(depth.known).front();
  if (count < 0) mismatch(fmt::format("input depth: found {}", count));
  Shape shape = indices.shape;
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis_of(node, shape.size())), count);
  return {{values.dtype, shape}};
}

void run(KernelContext& context) {
  const Tensor &indices = context.input(0), &values = context.input(2);
  const auto wanted = whole_numbers(indices);
  const std::size_t axis = axis_of(context.node(), indices.rank());
  Shape shape = indices.shape();
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), whole_numbers(context.input(1)).front());
  Tensor result(values.dtype(), shape);
  const AxisView view(shape, axis);
  const std::size_t item = dtype_bytes(values.dtype());
  for (std::int64_t line = 0; result.size() > 0 && line < view.lines(); ++line) {
    std::int64_t hot = wanted[static_cast<std::size_t>(line)];
    if (hot < 0) hot += view.extent;
    for (std::int64_t i = 0; i < view.extent; ++i) {
      const auto at = static_cast<std::size_t>(view.start(line) + i * view.inner);
      std::memcpy(result.raw() + at * item, values.raw() + (i == hot ? item : 0), item);
    }
  }
  context.output(0) = std::move(result);
}

}  // namespace

const OpInfo& one_hot_op() {
  static const OpInfo info{.name = "OneHot",
                           .domain = "",
                           .summary = "one value at the place that an index names, another elsewhere",
                           .source = "https://onnx.ai/onnx/operators/onnx__OneHot.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
