#include "formats/onnx/export/fused_rule.h"

namespace kerf::formats::onnx {

const std::vector<const ExportRule*>& fused_rules() {
  static const std::vector<const ExportRule*> list = {
#define X(name) &name##_fused(),
#include "formats/onnx/export/fused.def"
#undef X
  };
  return list;
}

}  // namespace kerf::formats::onnx
