#include "emit/targets/onnx_options.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::emit {

namespace onnx = formats::onnx;

namespace {

void check_rounded_products(const EmitModel& model) {
  for (const EmitTensor& tensor : model.tensors) {
    if (!tensor.activations || tensor.scheme.quantized()) continue;
    throw_usage(fmt::format("onnx cannot round what {} multiplies: only products of quantized weights say so",
                            quoted(tensor.name)));
  }
}

}  // namespace

const onnx::QuantizedKind& onnx_kind(const EmitModel& model, const TargetOptions& options) {
  check_rounded_products(model);
  const bool rounded = std::any_of(model.tensors.begin(), model.tensors.end(),
                                   [](const EmitTensor& tensor) { return tensor.activations.has_value(); });
  const onnx::QuantizedKind& kind = onnx::find_kind(option_or(options, kOnnxKind, rounded ? "static" : "matmulnbits"));
  if (kind.rounds_inputs && !rounded) {
    throw_usage(
        fmt::format("--{} {} rounds activations: give --activations int8-static or int8-static-asym, and "
                    "calibration text",
                    kOnnxKind, kind.name));
  }
  return kind;
}

onnx::FormOptions onnx_form(const TargetOptions& options, const onnx::QuantizedKind& kind) {
  const std::string level = option_or(options, kOnnxAccuracy, "");
  if (level.empty()) return {};
  if (kind.name != "matmulnbits") {
    throw_usage(fmt::format("--{} is MatMulNBits' own, and --{} {} has none", kOnnxAccuracy, kOnnxKind, kind.name));
  }
  return {.accuracy_level = level.front() - '0'};
}

std::string onnx_kind_note(const onnx::QuantizedKind& kind) {
  if (kind.name != "dynamic") return "";
  return "the runtime rounds activations as they come, one range for all tokens of a call: kerf eval of the output "
         "measures that too";
}

}  // namespace kerf::emit
