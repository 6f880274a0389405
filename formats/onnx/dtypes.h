#pragma once

#include <cstddef>

#include "core/dtype.h"
#include "formats/onnx/draft.h"

namespace kerf::formats::onnx {

/// The dtype of an output of a node of a draft, from those of its inputs; every float is f32.
DType output_dtype(const DraftNode& node, std::size_t output, const Draft& draft);

/// ONNX's number of a dtype that kerf computes with.
std::int64_t data_type_of(DType dtype);

}  // namespace kerf::formats::onnx
