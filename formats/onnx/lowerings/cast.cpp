#include <fmt/format.h>

#include "formats/onnx/dtypes.h"
#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

/// Floats are f32 whatever the file calls them; a cast among them is nothing.
std::vector<ValueIndex> cast_to(Emitter& emitter, ValueIndex value, DType to) {
  if (emitter.dtype(value) == to) return {value};
  return {emitter.node("Cast", {value}, {{"to", data_type_of(to)}})};
}

std::vector<ValueIndex> lower(Emitter& emitter, const Call& call) {
  const auto number = static_cast<std::int32_t>(call.attributes.int_or("to", 0));
  const auto to = computing_dtype(number);
  if (!to) emitter.fail(fmt::format("found a cast to {}, which kerf does not compute with", data_type_name(number)));
  if (call.input(0) == kAbsent) emitter.fail("found no input, expected 1");
  return cast_to(emitter, call.input(0), *to);
}

std::vector<ValueIndex> lower_like(Emitter& emitter, const Call& call) {
  if (call.input(0) == kAbsent || call.input(1) == kAbsent) emitter.fail("found an input missing, expected 2");
  return cast_to(emitter, call.input(0), emitter.dtype(call.input(1)));
}

}  // namespace

const LoweringInfo& cast_lowering() {
  static const LoweringInfo info{"Cast", "", "Cast, nothing among floats", lower};
  return info;
}

const LoweringInfo& cast_like_lowering() {
  static const LoweringInfo info{"CastLike", "", "Cast to the other's dtype", lower_like};
  return info;
}

}  // namespace kerf::formats::onnx
