#include <algorithm>

#include <fmt/format.h>

#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

/// The last `count` axes.
std::vector<std::int64_t> last_axes(std::size_t count) {
  std::vector<std::int64_t> axes;
  for (auto axis = -static_cast<std::int64_t>(count); axis < 0; ++axis) axes.push_back(axis);
  return axes;
}

/// (x - mean) / sqrt(variance + epsilon) in plain operators: of several axes, or where mean and deviation are wanted
/// too.
std::vector<ValueIndex> lower_plainly(Emitter& emitter, const Call& call, std::size_t rank) {
  const ValueIndex x = call.input(0), axes = emitter.integers(last_axes(rank));
  const ValueIndex mean = emitter.node("ReduceMean", {x, axes});
  const ValueIndex centred = emitter.node("Sub", {x, mean});
  const ValueIndex variance = emitter.node("ReduceMean", {emitter.node("Mul", {centred, centred}), axes});
  const auto epsilon = static_cast<float>(call.attributes.float_or("epsilon", 1e-5));
  const ValueIndex shifted = emitter.node("Add", {variance, emitter.scalar(epsilon)});
  const ValueIndex factor = emitter.node("Reciprocal", {emitter.node("Sqrt", {shifted})});
  ValueIndex y = emitter.node("Mul", {emitter.node("Mul", {centred, factor}), call.input(1)});
  if (call.input(2) != kAbsent) y = emitter.node("Add", {y, call.input(2)});
  return {y, mean, factor};
}

/// Axes from attribute axis on are normalized: as many as the scale has.
std::vector<ValueIndex> lower(Emitter& emitter, const Call& call) {
  const Constant* scale = call.input(1) == kAbsent ? nullptr : emitter.constant(call.input(1));
  const std::size_t rank = scale == nullptr ? 1 : scale->shape().size();
  if (rank == 0) emitter.fail("found a scalar scale, expected a vector");
  if (rank > 1 || call.output_count > 1) return lower_plainly(emitter, call, rank);
  graph::Attributes attributes = call.attributes;
  if (scale != nullptr) attributes.set("axis", std::int64_t{-1});
  return {emitter.node("LayerNormalization", call.inputs, attributes)};
}

}  // namespace

const LoweringInfo& layer_normalization_lowering() {
  static const LoweringInfo info{"LayerNormalization", "", "over the last axis; plain operators over several", lower};
  return info;
}

}  // namespace kerf::formats::onnx
