#include <span>

#include <fmt/format.h>

#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

Shape flattened(const graph::Node& node, const Shape& shape) {
  const auto rank = static_cast<std::int64_t>(shape.size());
  const std::int64_t given = node.attributes.int_or("axis", 1);
  if (given < -rank || given > rank) mismatch(fmt::format("found axis {} for {} dimensions", given, rank));
  const auto axis = static_cast<std::size_t>(given < 0 ? given + rank : given);
  return {numel(std::span(shape).first(axis)), numel(std::span(shape).subspan(axis))};
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  return {{inputs[0]->dtype, flattened(node, inputs[0]->shape)}};
}

void run(KernelContext& context) {
  context.output(0) = context.input(0).reshaped(flattened(context.node(), context.input(0).shape()));
}

void differentiate(DerivativeContext& context) {
  if (context.wants(0)) context.give(0, context.by_output(0).reshaped(context.input(0).shape()));
}

}  // namespace

const OpInfo& flatten_op() {
  static const OpInfo info{.name = "Flatten",
                           .domain = "",
                           .summary = "a matrix of the axes before one and those from it on",
                           .source = "https://onnx.ai/onnx/operators/onnx__Flatten.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
