#pragma once

#include <string>

#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// The module of the original program that a node belongs to, with dots ("model.layers.0.self_attn.q_proj"), from what
/// exporters leave: metadata (PyTorch's dynamo exporter) or names that are paths (TorchScript, tf2onnx). Empty if there
/// is nothing.
std::string module_scope(const proto::NodeProto& node);

}  // namespace kerf::formats::onnx
