#pragma once

#include <cstdint>
#include <vector>

#include "formats/onnx/emitter.h"

namespace kerf::formats::onnx {

/// The axes of [batch, channels, ...] behind the first two. Error(kInput) if their number is not known or 0.
std::vector<std::int64_t> spatial_axes(const Emitter& emitter, ValueIndex x);

}  // namespace kerf::formats::onnx
