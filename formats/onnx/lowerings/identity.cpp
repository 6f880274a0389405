#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

std::vector<ValueIndex> lower(Emitter& emitter, const Call& call) {
  if (call.input(0) == kAbsent) emitter.fail("found no input, expected 1");
  return {call.input(0)};
}

/// In inference nothing is dropped: the mask is all ones.
std::vector<ValueIndex> lower_dropout(Emitter& emitter, const Call& call) {
  std::vector<ValueIndex> outputs = lower(emitter, call);
  if (call.output_count > 1) {
    Tensor one(DType::kBool, {});
    one.raw()[0] = std::byte{1};
    const ValueIndex shape = emitter.node("Shape", {call.input(0)});
    outputs.push_back(emitter.node("Expand", {emitter.add_constant(Constant(one, {})), shape}));
  }
  return outputs;
}

}  // namespace

const LoweringInfo& identity_lowering() {
  static const LoweringInfo info{"Identity", "", "its input", lower};
  return info;
}

const LoweringInfo& dropout_lowering() {
  static const LoweringInfo info{"Dropout", "", "its input: nothing is trained", lower_dropout};
  return info;
}

}  // namespace kerf::formats::onnx
