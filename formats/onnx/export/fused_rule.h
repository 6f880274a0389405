#pragma once

#include <vector>

#include "formats/onnx/export/rule.h"

namespace kerf::formats::onnx {

/// Rules with ONNX Runtime's own operators, which come first where those are wanted; fused.def lists them.
const std::vector<const ExportRule*>& fused_rules();

/// For X(name) in the list, a function name_fused() that the rule's own file defines.
#define X(name) const ExportRule& name##_fused();
#include "formats/onnx/export/fused.def"
#undef X

}  // namespace kerf::formats::onnx
