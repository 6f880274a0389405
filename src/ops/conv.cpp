#include <span>

#include <fmt/format.h>

#include "ops/convolution.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

Convolution convolution_of(const graph::Node& node, const Shape& x, const Shape& weight) {
  const std::span<const std::int64_t> extents(x), kernel(weight);
  Convolution c{.window = sliding_window(node, extents.subspan(2), kernel.subspan(2)), .batch = x[0]};
  c.groups = node.attributes.int_or("group", 1);
  if (c.groups < 1 || weight[0] % c.groups != 0 || x[1] % c.groups != 0 || x[1] / c.groups != weight[1]) {
    mismatch(fmt::format("found {} channels in {} groups, the weight is {}", x[1], c.groups, to_string(weight)));
  }
  c.wide_channels = weight[1];
  c.narrow_channels = weight[0] / c.groups;
  return c;
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 3);
  const TensorSpec& x = expect_input(inputs, 0, "X", {DType::kF32});
  const TensorSpec& weight = expect_input(inputs, 1, "W", {DType::kF32});
  if (x.shape.size() < 3) mismatch(fmt::format("input X: found {}, expected 3 axes or more", describe(x)));
  expect_rank(weight, "W", x.shape.size());
  if (has_input(inputs, 2)) expect_shape(expect_input(inputs, 2, "B", {DType::kF32}), "B", {weight.shape[0]});
  const Convolution c = convolution_of(node, x.shape, weight.shape);
  expect_quick_if_known(x, weight, c);
  return {{DType::kF32, c.narrow_shape()}};
}

void run(KernelContext& context) {
  run_convolution(context, convolution_of(context.node(), context.input(0).shape(), context.input(1).shape()),
                  ConvolutionInput::kWide);
}

void differentiate(DerivativeContext& context) {
  differentiate_convolution(context, convolution_of(context.node(), context.input(0).shape(), context.input(1).shape()),
                            ConvolutionInput::kWide);
}

}  // namespace

const OpInfo& conv_op() {
  static const OpInfo info{.name = "Conv",
                           .domain = "",
                           .summary = "products with a window of elements, over any number of axes",
                           .source = "https://onnx.ai/onnx/operators/onnx__Conv.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
