#pragma once

#include <string>

#include "formats/onnx/byte_source.h"
#include "formats/onnx/external_files.h"
#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// An .onnx file opened: its message without the values of tensors (formats/onnx/skeleton.h), and where those are.
struct ModelFile {
  ByteSourcePtr file;
  proto::ModelProto model;
  ExternalFiles external;
};

/// Error(kInput) naming the file: not an ONNX model, a version that kerf does not know, or no graph in it.
ModelFile open_model_file(ByteSourcePtr file);

}  // namespace kerf::formats::onnx
