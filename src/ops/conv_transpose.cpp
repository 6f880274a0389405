#include <span>

#include <fmt/format.h>

#include "core/checked.h"
#include "ops/convolution.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

/// The weight is [channels of X, channels of Y in a group, kernel...].
Convolution convolution_of(const graph::Node& node, const Shape& x, const Shape& weight) {
  const std::span<const std::int64_t> extents(x), kernel(weight);
  Convolution c{.window = transposed_window(node, extents.subspan(2), kernel.subspan(2)), .batch = x[0]};
  c.groups = node.attributes.int_or("group", 1);
  if (c.groups < 1 || x[1] != weight[0] || x[1] % c.groups != 0) {
    mismatch(fmt::format("found {} channels in {} groups, the weight is {}", x[1], c.groups, to_string(weight)));
  }
  c.wide_channels = weight[1];
  c.narrow_channels = x[1] / c.groups;
  return c;
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 3);
  const TensorSpec& x = expect_input(inputs, 0, "X", {DType::kF32});
  const TensorSpec& weight = expect_input(inputs, 1, "W", {DType::kF32});
  if (x.shape.size() < 3) mismatch(fmt::format("input X: found {}, expected 3 axes or more", describe(x)));
  expect_rank(weight, "W", x.shape.size());
  const Convolution c = convolution_of(node, x.shape, weight.shape);
  const auto channels = checked_mul(c.groups, c.wide_channels);
  if (!channels) mismatch("found too many channels");
  if (has_input(inputs, 2)) expect_shape(expect_input(inputs, 2, "B", {DType::kF32}), "B", {*channels});
  expect_quick_if_known(x, weight, c);
  return {{DType::kF32, c.wide_shape()}};
}

void run(KernelContext& context) {
  run_convolution(context, convolution_of(context.node(), context.input(0).shape(), context.input(1).shape()),
                  ConvolutionInput::kNarrow);
}

void differentiate(DerivativeContext& context) {
  differentiate_convolution(context, convolution_of(context.node(), context.input(0).shape(), context.input(1).shape()),
                            ConvolutionInput::kNarrow);
}

}  // namespace

const OpInfo& conv_transpose_op() {
  static const OpInfo info{.name = "ConvTranspose",
                           .domain = "",
                           .summary = "the transpose of a convolution",
                           .source = "https://onnx.ai/onnx/operators/onnx__ConvTranspose.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
