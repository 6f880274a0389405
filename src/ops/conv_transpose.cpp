#include <span>
#include <utility>

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
  return {{DType::kF32, c.wide_shape()}};
}

void run(KernelContext& context) {
  const Tensor &x = context.input(0), &weight = context.input(1);
  const Convolution c = convolution_of(context.node(), x.shape(), weight.shape());
  Tensor y = Tensor::zeros(DType::kF32, c.wide_shape());
  if (context.has_input(2)) add_channel_bias(y, context.input(2));
  c.transposed(x.data<float>(), weight.data<float>(), y.data<float>());
  context.output(0) = std::move(y);
}

void differentiate(DerivativeContext& context) {
  const Tensor &x = context.input(0), &weight = context.input(1), &by_output = context.by_output(0);
  const Convolution c = convolution_of(context.node(), x.shape(), weight.shape());
  if (context.wants(0)) {
    Tensor by_x = Tensor::zeros(DType::kF32, x.shape());
    c.forward(by_output.data<float>(), weight.data<float>(), by_x.data<float>());
    context.give(0, std::move(by_x));
  }
  if (context.wants(1)) {
    Tensor by_weight = Tensor::zeros(DType::kF32, weight.shape());
    c.by_weights(by_output.data<float>(), x.data<float>(), by_weight.data<float>());
    context.give(1, std::move(by_weight));
  }
  if (context.wants(2)) context.give(2, sum_by_channel(by_output));
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
