#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "core/dtype.h"
#include "graph/tensor_source.h"

namespace kerf::emit {

/// The values of a source as f32, f16 or bf16, in order, a slab of rows in memory at a time.
void stream_floats(const graph::TensorSource& source, DType dtype,
                   const std::function<void(std::span<const std::byte>)>& sink);

}  // namespace kerf::emit
