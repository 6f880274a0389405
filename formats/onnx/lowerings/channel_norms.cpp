// Norms of [batch, channels, ...] in plain operators.

#include <fmt/format.h>

#include "formats/onnx/lowering.h"
#include "formats/onnx/lowerings/spatial_axes.h"

namespace kerf::formats::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

/// A vector of channels as [1, channels, 1, ...] beside x.
ValueIndex by_channel(Emitter& emitter, ValueIndex vector, const Ints& axes) {
  Ints behind;
  for (const std::int64_t axis : axes) behind.push_back(axis - 1);
  return emitter.node("Unsqueeze", {vector, emitter.integers(behind)});
}

ValueIndex epsilon_of(Emitter& emitter, const Call& call) {
  return emitter.scalar(static_cast<float>(call.attributes.float_or("epsilon", 1e-5)));
}

/// centred / sqrt(variance + epsilon) * scale + bias
ValueIndex scaled(Emitter& emitter, const Call& call, ValueIndex centred, ValueIndex variance, ValueIndex scale,
                  ValueIndex bias) {
  const ValueIndex deviation = emitter.node("Sqrt", {emitter.node("Add", {variance, epsilon_of(emitter, call)})});
  const ValueIndex whitened = emitter.node("Div", {centred, deviation});
  return emitter.node("Add", {emitter.node("Mul", {whitened, scale}), bias});
}

void expect_inputs(const Emitter& emitter, const Call& call, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (call.input(i) == kAbsent) emitter.fail(fmt::format("input {} is missing", i));
  }
}

/// By the mean and variance of training.
std::vector<ValueIndex> lower_batch(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, 5);
  if (call.attributes.int_or("training_mode", 0) != 0) emitter.fail("found training_mode, expected inference");
  const auto rank = emitter.rank(call.input(0));
  if (!rank || *rank < 2) emitter.fail("found an input of unknown shape or fewer than 2 axes");
  Ints axes;
  for (std::size_t axis = 2; axis < *rank; ++axis) axes.push_back(static_cast<std::int64_t>(axis));
  const auto vector = [&](std::size_t i) { return by_channel(emitter, call.input(i), axes); };
  return {scaled(emitter, call, emitter.node("Sub", {call.input(0), vector(3)}), vector(4), vector(1), vector(2))};
}

/// x less its mean over `axes`, and the variance there.
std::pair<ValueIndex, ValueIndex> moments(Emitter& emitter, ValueIndex x, const Ints& axes) {
  const ValueIndex over = emitter.integers(axes);
  const ValueIndex centred = emitter.node("Sub", {x, emitter.node("ReduceMean", {x, over})});
  return {centred, emitter.node("ReduceMean", {emitter.node("Mul", {centred, centred}), over})};
}

std::vector<ValueIndex> lower_instance(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, 3);
  const Ints axes = spatial_axes(emitter, call.input(0));
  const auto [centred, variance] = moments(emitter, call.input(0), axes);
  return {scaled(emitter, call, centred, variance, by_channel(emitter, call.input(1), axes),
                 by_channel(emitter, call.input(2), axes))};
}

/// Groups of channels; scale and bias have one number a group in opset 18, one a channel from 21 on.
std::vector<ValueIndex> lower_group(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, 3);
  constexpr std::int64_t kByChannel = 21;
  const ValueIndex x = call.input(0);
  const Ints axes = spatial_axes(emitter, x);
  const std::int64_t groups = call.attributes.int_or("num_groups", 0), channels = emitter.constant_extent(x, 1);
  if (groups < 1 || channels % groups != 0) {
    emitter.fail(fmt::format("attribute num_groups: found {} for {} channels", groups, channels));
  }
  const ValueIndex shape = emitter.node("Shape", {x});
  const auto [centred, variance] =
      moments(emitter, emitter.node("Reshape", {x, emitter.integers({0, groups, -1})}), {2});
  if (call.opset < kByChannel) {
    const ValueIndex y = scaled(emitter, call, centred, variance, by_channel(emitter, call.input(1), {2}),
                                by_channel(emitter, call.input(2), {2}));
    return {emitter.node("Reshape", {y, shape})};
  }
  const ValueIndex deviation = emitter.node("Sqrt", {emitter.node("Add", {variance, epsilon_of(emitter, call)})});
  const ValueIndex whitened = emitter.node("Reshape", {emitter.node("Div", {centred, deviation}), shape});
  const ValueIndex product = emitter.node("Mul", {whitened, by_channel(emitter, call.input(1), axes)});
  return {emitter.node("Add", {product, by_channel(emitter, call.input(2), axes)})};
}

/// x over its norm along an axis.
std::vector<ValueIndex> lower_lp(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, 1);
  const std::int64_t p = call.attributes.int_or("p", 2);
  if (p != 1 && p != 2) emitter.fail(fmt::format("attribute p: found {}, expected 1 or 2", p));
  const ValueIndex axis = emitter.integers({call.attributes.int_or("axis", -1)});
  const ValueIndex norm = emitter.node(p == 1 ? "ReduceL1" : "ReduceL2", {call.input(0), axis});
  return {emitter.node("Div", {call.input(0), norm})};
}

}  // namespace

const LoweringInfo& batch_normalization_lowering() {
  static const LoweringInfo info{"BatchNormalization", "", "Sub, Div, Mul, Add", lower_batch};
  return info;
}

const LoweringInfo& instance_normalization_lowering() {
  static const LoweringInfo info{"InstanceNormalization", "", "ReduceMean, Sub, Div, Mul, Add", lower_instance};
  return info;
}

const LoweringInfo& group_normalization_lowering() {
  static const LoweringInfo info{"GroupNormalization", "", "ReduceMean, Sub, Div, Mul, Add", lower_group};
  return info;
}

const LoweringInfo& lp_normalization_lowering() {
  static const LoweringInfo info{"LpNormalization", "", "ReduceL1 or ReduceL2, Div", lower_lp};
  return info;
}

}  // namespace kerf::formats::onnx
