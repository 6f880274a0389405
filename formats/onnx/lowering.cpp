#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {

const std::vector<const LoweringInfo*>& lowerings() {
  static const std::vector<const LoweringInfo*> list = {
#define X(name) &name##_lowering(),
#include "formats/onnx/lowerings.def"
#undef X
  };
  return list;
}

const LoweringInfo* find_lowering(std::string_view domain, std::string_view name) {
  for (const LoweringInfo* lowering : lowerings()) {
    if (lowering->name == name && lowering->domain == domain) return lowering;
  }
  return nullptr;
}

}  // namespace kerf::formats::onnx
