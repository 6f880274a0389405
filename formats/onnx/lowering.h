#pragma once

#include <string_view>
#include <vector>

#include "formats/onnx/emitter.h"

namespace kerf::formats::onnx {

/// How an operator of the file becomes kerf's (those of opset 23, and Linear): formats/onnx/lowerings.def lists them.
/// What is not listed stays the operator that it is.
struct LoweringInfo {
  std::string_view name;
  std::string_view domain;
  std::string_view summary;
  /// The values of the outputs; fewer than call.output_count if the last ones have none.
  std::vector<ValueIndex> (*lower)(Emitter& emitter, const Call& call);
};

const std::vector<const LoweringInfo*>& lowerings();
/// nullptr: the operator stays.
const LoweringInfo* find_lowering(std::string_view domain, std::string_view name);

/// For X(name) in the list, a function name_lowering() that the lowering's own file defines.
#define X(name) const LoweringInfo& name##_lowering();
#include "formats/onnx/lowerings.def"
#undef X

}  // namespace kerf::formats::onnx
