#include <algorithm>

#include <fmt/format.h>

#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

/// A vector of one number that stands for as many as a row has.
bool repeats(const Emitter& emitter, ValueIndex x, ValueIndex scale) {
  const auto of_x = emitter.shape(x), of_scale = emitter.shape(scale);
  if (!of_x || of_x->empty() || !of_scale || of_scale->size() != 1) return false;
  const MaybeSymbol &width = of_x->back(), &count = of_scale->front();
  return width && count && width->is_constant() && count->is_constant() && width->value != count->value;
}

/// The one over the last axis has a vector of scales; any other scale, which may broadcast, or several axes: plain
/// operators.
std::vector<ValueIndex> lower(Emitter& emitter, const Call& call) {
  const ValueIndex x = call.input(0), scale = call.input(1);
  if (x == kAbsent || scale == kAbsent) emitter.fail("found an input missing, expected 2");
  const std::int64_t axis = call.attributes.int_or("axis", -1);
  const auto rank = emitter.rank(x), scale_rank = emitter.rank(scale);
  const bool last = axis == -1 || (rank && axis + 1 == static_cast<std::int64_t>(*rank));
  if (last && scale_rank.value_or(1) == 1 && !repeats(emitter, x, scale)) {
    graph::Attributes attributes = call.attributes;
    attributes.set("axis", std::int64_t{-1});
    return {emitter.node("RMSNormalization", call.inputs, attributes)};
  }
  if (!rank) emitter.fail("found an input of unknown shape");
  const auto axes = static_cast<std::int64_t>(*rank);
  const std::int64_t first = axis < 0 ? axis + axes : axis;
  if (first < 0 || first >= axes) emitter.fail(fmt::format("attribute axis: found {} for {} axes", axis, axes));
  Ints over;
  for (std::int64_t i = first; i < axes; ++i) over.push_back(i);
  const ValueIndex squares = emitter.node("ReduceMean", {emitter.node("Mul", {x, x}), emitter.integers(over)});
  const auto epsilon = static_cast<float>(call.attributes.float_or("epsilon", 1e-5));
  const ValueIndex root = emitter.node("Sqrt", {emitter.node("Add", {squares, emitter.scalar(epsilon)})});
  return {emitter.node("Mul", {emitter.node("Div", {x, root}), scale})};
}

}  // namespace

const LoweringInfo& rms_normalization_lowering() {
  static const LoweringInfo info{"RMSNormalization", "", "over the last axis; plain operators over several", lower};
  return info;
}

}  // namespace kerf::formats::onnx
