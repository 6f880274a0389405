#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "formats/onnx/patch/patch_plan.h"

namespace kerf::formats::onnx {

/// The values of a job's initializers, each in one or more pieces, in order.
void encode_job(const TensorJob& job, const std::function<PatchValues(std::size_t)>& values,
                const std::function<void(std::size_t planned, std::span<const std::byte> bytes)>& sink);

}  // namespace kerf::formats::onnx
