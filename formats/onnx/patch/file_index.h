#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/onnx/byte_source.h"

namespace kerf::formats::onnx {

/// A field of a message where it lies in a file.
struct FilePiece {
  std::uint32_t field = 0;
  std::uint64_t begin = 0;  ///< of its tag
  std::uint64_t body = 0;   ///< of its value; of a message, string or packed list behind their length
  std::uint64_t end = 0;
  std::uint64_t bytes() const { return end - begin; }
};

/// Fields of ModelProto and GraphProto, by number (formats/onnx/onnx.proto).
namespace field {
inline constexpr std::uint32_t kIrVersion = 1, kGraph = 7, kOpsetImport = 8, kFunctions = 25;
inline constexpr std::uint32_t kNode = 1, kInitializer = 5, kInput = 11, kOutput = 12, kValueInfo = 13;
inline constexpr std::uint32_t kRawData = 9;
}  // namespace field

/// What an .onnx file is made of, so that it can be copied piece by piece with a few of them changed.
struct FileIndex {
  std::vector<FilePiece> model;  ///< fields of the message, in the file's order
  std::vector<FilePiece> graph;  ///< fields of its graph
};

/// The fields of the message at [begin, end). Error(kInput) naming file and offset if they do not fit into each other.
std::vector<FilePiece> index_message(const ByteSource& file, std::uint64_t begin, std::uint64_t end);
/// Error(kInput) as well if the graph is cut into several fields, which a parser joins.
FileIndex index_file(const ByteSource& file);

/// Tag and length of a field of bytes.
std::string field_header(std::uint32_t field, std::uint64_t length);

}  // namespace kerf::formats::onnx
