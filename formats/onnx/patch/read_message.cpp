#include "formats/onnx/patch/read_message.h"

#include <string>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message_lite.h>

#include "core/error.h"

namespace kerf::formats::onnx {
namespace {

constexpr std::uint64_t kLargestMessage = std::uint64_t{1} << 30;
/// As in the skeleton that was read before: four messages a subgraph.
constexpr int kMaxDepth = 160;

}  // namespace

void read_message(const ByteSource& file, const FilePiece& piece, google::protobuf::MessageLite& into) {
  const std::uint64_t length = piece.end - piece.body;
  const std::string place = fmt::format("offset {}", piece.begin);
  if (length > kLargestMessage) {
    throw_input(file.path, place, fmt::format("found a node of {} bytes that would have to be changed", length));
  }
  std::string bytes(static_cast<std::size_t>(length), '\0');
  file.read(piece.body, std::as_writable_bytes(std::span(bytes)));
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kMaxDepth);
  into.Clear();
  if (!into.MergeFromCodedStream(&stream)) throw_input(file.path, place, "is no message of the kind expected");
}

}  // namespace kerf::formats::onnx
