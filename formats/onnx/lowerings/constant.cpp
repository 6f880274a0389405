#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

std::vector<ValueIndex> lower(Emitter& emitter, const Call& call) {
  if (const auto tensor = call.tensors.find("value"); tensor != call.tensors.end()) {
    return {emitter.add_constant(tensor->second)};
  }
  const graph::Attributes& attributes = call.attributes;
  if (attributes.has("value_float")) {
    return {emitter.scalar(static_cast<float>(attributes.float_or("value_float", 0)))};
  }
  if (attributes.has("value_int")) return {emitter.integer(attributes.int_or("value_int", 0))};
  if (attributes.has("value_ints")) return {emitter.integers(attributes.ints_or("value_ints", {}))};
  for (const auto& [name, value] : attributes.entries()) {
    if (name != "value_floats") continue;
    const auto* numbers = std::get_if<std::vector<double>>(&value);
    if (numbers == nullptr) break;
    const std::vector<float> floats(numbers->begin(), numbers->end());
    return {emitter.add_constant(Constant(Tensor::from<float>({std::ssize(floats)}, floats), {}))};
  }
  emitter.fail("found no value of numbers, expected one");
}

/// A value repeated to a shape: what Expand does.
std::vector<ValueIndex> lower_of_shape(Emitter& emitter, const Call& call) {
  if (call.input(0) == kAbsent) emitter.fail("found no input, expected a shape");
  const auto tensor = call.tensors.find("value");
  if (tensor == call.tensors.end()) return {emitter.node("Expand", {emitter.scalar(0), call.input(0)})};
  if (tensor->second.size() != 1) emitter.fail("attribute value: expected one element");
  const ValueIndex value = emitter.add_constant(reshaped(tensor->second, {}));
  return {emitter.node("Expand", {value, call.input(0)})};
}

}  // namespace

const LoweringInfo& constant_lowering() {
  static const LoweringInfo info{"Constant", "", "a constant of the graph", lower};
  return info;
}

const LoweringInfo& constant_of_shape_lowering() {
  static const LoweringInfo info{"ConstantOfShape", "", "Expand of its value", lower_of_shape};
  return info;
}

}  // namespace kerf::formats::onnx
