#pragma once

#include <string>

#include "formats/onnx/byte_source.h"

namespace kerf::formats::onnx {

/// The bytes of a ModelProto without the values of its tensors, to be parsed in memory whatever the size of the file:
/// raw_data and packed floats of more than a few bytes become TensorProto.place, and what nothing here depends on
/// (documentation, inferred shapes, training) is left out.
///
/// Reads the file once, a piece at a time. Lengths are compared with what is left of the message they are in, and
/// messages, fields, bytes and the depth of subgraphs are limited before memory is taken for them: a few bytes of a
/// file can stand for a large object in memory. Error(kInput) naming file and offset.
std::string read_skeleton(const ByteSource& file);

}  // namespace kerf::formats::onnx
