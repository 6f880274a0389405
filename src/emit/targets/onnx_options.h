#pragma once

#include <string>
#include <string_view>

#include "emit/target.h"
#include "formats/onnx/quantized/kinds.h"

namespace kerf::emit {

inline constexpr std::string_view kOnnxKind = "onnx-kind", kOnnxAccuracy = "accuracy-level";

/// The kind that is asked for, or else one that can say what the model does: rounded activations have one of their own.
/// Error(kUsage) if the kind rounds activations and the model does not, or the model those of a weight without codes.
const formats::onnx::QuantizedKind& onnx_kind(const EmitModel& model, const TargetOptions& options);
/// What is asked of the kind's operators. Error(kUsage) for what they do not have.
formats::onnx::FormOptions onnx_form(const TargetOptions& options, const formats::onnx::QuantizedKind& kind);
/// What is to be said about a model of that kind; empty if nothing.
std::string onnx_kind_note(const formats::onnx::QuantizedKind& kind);

}  // namespace kerf::emit
