#include <algorithm>
#include <span>

#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

/// Attributes start and end choose a part of the axes, counted from the end if negative.
Tensor shape_tensor(const graph::Node& node, const Shape& shape) {
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto position = [&](std::int64_t axis) {
    return std::clamp<std::int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  const std::int64_t begin = position(node.attributes.int_or("start", 0));
  const std::int64_t end = std::max(begin, position(node.attributes.int_or("end", rank)));
  const auto part = std::span(shape).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  return Tensor::from<std::int64_t>({std::ssize(part)}, part);
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const Tensor known = shape_tensor(node, inputs[0]->shape);
  return {{DType::kI64, known.shape(), known}};
}

void run(KernelContext& context) { context.output(0) = shape_tensor(context.node(), context.input(0).shape()); }

}  // namespace

const OpInfo& shape_op() {
  static const OpInfo info{.name = "Shape",
                           .domain = "",
                           .summary = "dimensions of a tensor",
                           .source = "https://onnx.ai/onnx/operators/onnx__Shape.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
