#include "formats/onnx/model_file.h"

#include <utility>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>

#include "core/error.h"
#include "formats/onnx/skeleton.h"

namespace kerf::formats::onnx {
namespace {

/// Four messages a subgraph, of which the skeleton allows 32, and some around them.
constexpr int kMaxMessageDepth = 160;

}  // namespace

ModelFile open_model_file(ByteSourcePtr file) {
  ModelFile result{std::move(file), {}, ExternalFiles("")};
  const std::string& path = result.file->path;
  result.external = ExternalFiles(path);
  const std::string skeleton = read_skeleton(*result.file);
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(skeleton.data()),
                                                static_cast<int>(skeleton.size()));
  stream.SetRecursionLimit(kMaxMessageDepth);
  if (!result.model.ParseFromCodedStream(&stream)) throw_input(path, "", "is not an ONNX model");
  if (!result.model.has_graph() || !result.model.has_ir_version()) {
    throw_input(path, "", "is not an ONNX model: it has no graph or no version");
  }
  const std::int64_t version = result.model.ir_version();
  if (version < 3 || version > kNewestIrVersion) {
    throw_input(path, "ir_version", fmt::format("found {}, expected 3 to {}", version, kNewestIrVersion));
  }
  return result;
}

}  // namespace kerf::formats::onnx
