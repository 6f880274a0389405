#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// Does the node mean something else, or nothing, in a newer opset of the default domain (both from 13 to 23)?
bool changes_meaning(const proto::NodeProto& node, std::int64_t from, std::int64_t to);
/// The nodes that mean in the newer opset what the node means in the older: attributes become inputs, made by Constant
/// nodes. Error(kUsage) naming the operator where kerf does not know how.
std::vector<proto::NodeProto> raised(const proto::NodeProto& node, std::int64_t from, std::int64_t to);
/// The oldest version of the format that has the opset and its types.
std::int64_t ir_version_of(std::int64_t opset);

}  // namespace kerf::formats::onnx
