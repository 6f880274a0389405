#pragma once

#include <vector>

#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// The nodes of a function's body in place of a call of it: names inside begin with the call's, attributes that refer
/// to the function's have the call's values or the defaults.
std::vector<proto::NodeProto> inlined(const proto::FunctionProto& function, const proto::NodeProto& call);

}  // namespace kerf::formats::onnx
