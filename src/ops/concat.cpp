#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "ops/ops.h"
#include "ops/shape_rules.h"
#include "ops/strided_copy.h"

namespace kerf::ops {
namespace {

std::size_t axis_of(const graph::Node& node, std::size_t rank) {
  return normalized_axis(node.attributes.int_or("axis", 0), rank);
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, inputs.size(), inputs.size());
  if (inputs.empty()) mismatch("found no inputs, expected at least 1");
  if (!node.attributes.has("axis")) mismatch("attribute axis is missing");
  TensorSpec result = *inputs[0];
  result.known = Tensor();
  const std::size_t axis = axis_of(node, result.shape.size());
  for (const TensorSpec* input : inputs.subspan(1)) {
    Shape shape = input->shape;
    if (shape.size() == result.shape.size()) shape[axis] = result.shape[axis];
    if (input->dtype != result.dtype || shape != result.shape) {
      mismatch(fmt::format("found {} and {}, expected one dtype and shapes that differ in axis {} only",
                           describe(*inputs[0]), describe(*input), axis));
    }
    result.shape[axis] += input->shape[axis];
  }
  return {result};
}

void run(KernelContext& context) {
  Shape shape = context.input(0).shape();
  const std::size_t axis = axis_of(context.node(), shape.size());
  for (std::size_t i = 1; i < context.input_count(); ++i) shape[axis] += context.input(i).dim(axis);
  Tensor result(context.input(0).dtype(), shape);
  const std::int64_t outer = numel(std::span(shape).first(axis));
  const auto row_bytes = outer == 0 ? 0 : result.bytes() / static_cast<std::size_t>(outer);
  std::size_t start = 0;
  for (std::size_t i = 0; i < context.input_count() && outer > 0; ++i) {
    const Tensor& input = context.input(i);
    const std::size_t bytes = input.bytes() / static_cast<std::size_t>(outer);
    for (std::size_t o = 0; o < static_cast<std::size_t>(outer); ++o) {
      if (bytes > 0) std::memcpy(result.raw() + o * row_bytes + start, input.raw() + o * bytes, bytes);
    }
    start += bytes;
  }
  context.output(0) = std::move(result);
}

void differentiate(DerivativeContext& context) {
  const Tensor& by_output = context.by_output(0);
  const std::size_t axis = axis_of(context.node(), by_output.rank());
  const auto strides = row_major_strides(by_output.shape());
  std::int64_t start = 0;
  for (std::size_t i = 0; i < context.input_count(); ++i) {
    const Shape& shape = context.input(i).shape();
    if (context.wants(i)) context.give(i, strided_copy(by_output, shape, start * strides[axis], strides));
    start += shape[axis];
  }
}

}  // namespace

const OpInfo& concat_op() {
  static const OpInfo info{.name = "Concat",
                           .domain = "",
                           .summary = "tensors one after another along an axis",
                           .source = "https://onnx.ai/onnx/operators/onnx__Concat.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
