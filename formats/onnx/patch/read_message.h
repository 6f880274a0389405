#pragma once

#include "formats/onnx/patch/file_index.h"
#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// Parses a whole message of a file, values of tensors included: `into` becomes what the file says. Error(kInput)
/// naming the file if it is none, or larger than a message of changed nodes may be.
void read_message(const ByteSource& file, const FilePiece& piece, google::protobuf::MessageLite& into);

}  // namespace kerf::formats::onnx
