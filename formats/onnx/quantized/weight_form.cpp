#include "formats/onnx/quantized/weight_form.h"

namespace kerf::formats::onnx {

const std::vector<const WeightForm*>& weight_forms() {
  static const std::vector<const WeightForm*> all = {
#define X(name) &name##_form(),
#include "formats/onnx/quantized/weight_forms.def"
#undef X
  };
  return all;
}

}  // namespace kerf::formats::onnx
