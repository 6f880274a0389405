#include "formats/onnx/lowerings/spatial_axes.h"

#include <fmt/format.h>

#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

std::vector<ValueIndex> lower_average(Emitter& emitter, const Call& call) {
  return {emitter.node("ReduceMean", {call.input(0), emitter.integers(spatial_axes(emitter, call.input(0)))})};
}

std::vector<ValueIndex> lower_max(Emitter& emitter, const Call& call) {
  return {emitter.node("ReduceMax", {call.input(0), emitter.integers(spatial_axes(emitter, call.input(0)))})};
}

}  // namespace

std::vector<std::int64_t> spatial_axes(const Emitter& emitter, ValueIndex x) {
  const auto rank = x == kAbsent ? std::nullopt : emitter.rank(x);
  if (!rank || *rank < 3) emitter.fail("found an input of unknown shape or fewer than 3 axes");
  std::vector<std::int64_t> axes;
  for (std::size_t axis = 2; axis < *rank; ++axis) axes.push_back(static_cast<std::int64_t>(axis));
  return axes;
}

const LoweringInfo& global_average_pool_lowering() {
  static const LoweringInfo info{"GlobalAveragePool", "", "ReduceMean", lower_average};
  return info;
}

const LoweringInfo& global_max_pool_lowering() {
  static const LoweringInfo info{"GlobalMaxPool", "", "ReduceMax", lower_max};
  return info;
}

}  // namespace kerf::formats::onnx
