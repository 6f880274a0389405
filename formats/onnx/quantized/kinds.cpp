#include "formats/onnx/quantized/kinds.h"

#include <string>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::onnx {
namespace {

const QuantizedKind& matmulnbits_kind() {
  static const QuantizedKind kind{"matmulnbits", "weights of 4 or 8 bits in ONNX Runtime's own operators",
                                  matmul_nbits_form(), gather_block_quantized_form(), false};
  return kind;
}

const QuantizedKind& qdq_kind() {
  static const QuantizedKind kind{"qdq", "weights of 4 or 8 bits behind standard DequantizeLinear nodes",
                                  dequantize_linear_form(), dequantize_linear_form(), false};
  return kind;
}

const QuantizedKind& dynamic_kind() {
  static const QuantizedKind kind{"dynamic", "bytes times activations that are rounded to bytes as they come",
                                  matmul_integer_form(), dequantize_linear_form(), false};
  return kind;
}

const QuantizedKind& static_ranges_kind() {
  static const QuantizedKind kind{"static", "as qdq, and activations rounded by calibrated ranges",
                                  dequantize_linear_form(), dequantize_linear_form(), true};
  return kind;
}

}  // namespace

const std::vector<const QuantizedKind*>& quantized_kinds() {
  static const std::vector<const QuantizedKind*> all = {
#define X(name) &name##_kind(),
#include "formats/onnx/quantized/kinds.def"
#undef X
  };
  return all;
}

const QuantizedKind& find_kind(std::string_view name) {
  std::vector<std::string> known;
  for (const QuantizedKind* kind : quantized_kinds()) {
    if (kind->name == to_lower_ascii(name)) return *kind;
    known.emplace_back(kind->name);
  }
  throw_usage(unknown_name("--onnx-kind", name, known));
}

}  // namespace kerf::formats::onnx
