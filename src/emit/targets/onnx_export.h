#pragma once

#include <memory>

#include "emit/target.h"

namespace kerf::emit {

/// An ONNX file of a checkpoint that is none: kerf's own graph, with operators that every runtime has.
std::unique_ptr<Emission> plan_onnx_export(const EmitModel& model, const TargetOptions& options);

}  // namespace kerf::emit
