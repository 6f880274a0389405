#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

/// The axis is an input since opset 20, where the default is the last but one; before it was 1.
std::vector<ValueIndex> lower(Emitter& emitter, const Call& call) {
  constexpr std::int64_t kAxisIsInput = 20;
  if (call.opset >= kAxisIsInput) return {emitter.node("DFT", call.inputs, call.attributes)};
  graph::Attributes attributes = {{"inverse", call.attributes.int_or("inverse", 0)},
                                  {"onesided", call.attributes.int_or("onesided", 0)}};
  const std::int64_t axis = call.attributes.int_or("axis", 1);
  return {emitter.node("DFT", {call.input(0), call.input(1), emitter.integer(axis)}, attributes)};
}

}  // namespace

const LoweringInfo& dft_lowering() {
  static const LoweringInfo info{"DFT", "", "the axis as an input", lower};
  return info;
}

}  // namespace kerf::formats::onnx
