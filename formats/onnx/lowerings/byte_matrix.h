#pragma once

#include <optional>

#include "formats/onnx/emitter.h"

namespace kerf::formats::onnx {

/// The weight that a constant matrix of bytes [in, out] stands for, with one scale and zero point for all or one a
/// column, as a constant of the same shape; nullopt if they do not fit each other. `points` may be null.
std::optional<ValueIndex> byte_matrix(Emitter& emitter, const Constant& codes, const Constant& scales,
                                      const Constant* points);

}  // namespace kerf::formats::onnx
