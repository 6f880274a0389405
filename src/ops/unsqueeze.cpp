#include <vector>

#include <fmt/format.h>

#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

Shape unsqueezed(const Shape& shape, const std::vector<std::int64_t>& axes) {
  const std::size_t rank = shape.size() + axes.size();
  std::vector<bool> is_new(rank, false);
  for (const std::int64_t axis : axes) {
    const std::size_t at = normalized_axis(axis, rank);
    if (is_new[at]) mismatch(fmt::format("input axes: axis {} stands there twice", at));
    is_new[at] = true;
  }
  Shape result;
  auto next = shape.begin();
  for (const bool insert : is_new) result.push_back(insert ? 1 : *next++);
  return result;
}

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  const TensorSpec& data = *inputs[0];
  const auto axes = known_integers(inputs, 1, "axes").value();
  if (axes.size() > kMaxRank) mismatch(fmt::format("input axes: found {} axes", axes.size()));
  return {{data.dtype, unsqueezed(data.shape, axes)}};
}

void run(KernelContext& context) {
  const Tensor& data = context.input(0);
  context.output(0) = data.reshaped(unsqueezed(data.shape(), integers_of(context.input(1))));
}

void differentiate(DerivativeContext& context) {
  if (context.wants(0)) context.give(0, context.by_output(0).reshaped(context.input(0).shape()));
}

}  // namespace

const OpInfo& unsqueeze_op() {
  static const OpInfo info{.name = "Unsqueeze",
                           .domain = "",
                           .summary = "new axes of extent 1",
                           .source = "https://onnx.ai/onnx/operators/onnx__Unsqueeze.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
