#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// Extents in place of symbols, by name: a symbol of the file, or "batch" and "length" for the axes of its token
/// inputs.
using FixedDims = std::map<std::string, std::int64_t>;

/// "batch=1,length=128". Error(kUsage) for what is no such list, or an extent that is not positive.
FixedDims parse_dims(const std::string& text);
/// Puts the extents into the declared shapes of inputs, outputs and values between. Error(kUsage) naming an entry that
/// stands for no symbol of the graph, or an axis that is fixed otherwise. True if any shape changed.
bool fix_dims(const FixedDims& dims, proto::GraphProto& graph);

}  // namespace kerf::formats::onnx
