#include <vector>

#include <fmt/format.h>

#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

/// Without axes every axis of extent 1 goes.
Shape squeezed(const Shape& shape, const std::vector<std::int64_t>* axes) {
  std::vector<bool> goes(shape.size(), false);
  for (std::size_t i = 0; axes == nullptr && i < shape.size(); ++i) goes[i] = shape[i] == 1;
  for (std::size_t i = 0; axes != nullptr && i < axes->size(); ++i) {
    const std::size_t axis = normalized_axis((*axes)[i], shape.size());
    if (shape[axis] != 1) mismatch(fmt::format("found an extent of {} at axis {}, expected 1", shape[axis], axis));
    goes[axis] = true;
  }
  Shape result;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!goes[i]) result.push_back(shape[i]);
  }
  return result;
}

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 1, 2);
  const auto axes = known_integers(inputs, 1, "axes");
  return {{inputs[0]->dtype, squeezed(inputs[0]->shape, axes ? &*axes : nullptr)}};
}

void run(KernelContext& context) {
  const Tensor& data = context.input(0);
  const auto axes = context.has_input(1) ? integers_of(context.input(1)) : std::vector<std::int64_t>();
  context.output(0) = data.reshaped(squeezed(data.shape(), context.has_input(1) ? &axes : nullptr));
}

void differentiate(DerivativeContext& context) {
  if (context.wants(0)) context.give(0, context.by_output(0).reshaped(context.input(0).shape()));
}

}  // namespace

const OpInfo& squeeze_op() {
  static const OpInfo info{.name = "Squeeze",
                           .domain = "",
                           .summary = "axes of extent 1 left out",
                           .source = "https://onnx.ai/onnx/operators/onnx__Squeeze.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
