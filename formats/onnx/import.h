#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "formats/checkpoint.h"
#include "formats/onnx/byte_source.h"
#include "formats/onnx/origin.h"

namespace kerf::formats::onnx {

/// A model from an .onnx file, and where in the file its nodes and weights are.
struct ImportedOnnx : ImportedModel {
  Origins origins;
  /// How inputs of linear layers are rounded, by the name of their weight.
  std::map<std::string, std::shared_ptr<const codec::ActivationQuantizer>> activations;
  std::vector<std::string> files;  ///< with values of tensors, the model's own first
};

/// Reads a model: the file's message without the values of tensors, which are read when needed. `config`: the
/// config.json that it was exported with, or null. Error(kInput) naming the file, the node or tensor, and what is
/// wrong.
std::shared_ptr<const ImportedOnnx> import_model(const ByteSourcePtr& file, const Json& config);

}  // namespace kerf::formats::onnx
