#include "formats/onnx/model_writer.h"

#include <utility>

#include <fmt/format.h>

#include "core/checked.h"
#include "core/error.h"

namespace kerf::formats::onnx {
namespace {

/// What protobuf's parsers take.
constexpr std::uint64_t kMaxMessageBytes = (std::uint64_t{1} << 31) - 1;
/// Values of fewer bytes stay in the message.
constexpr std::uint64_t kSmallBytes = 1024;
/// Offsets of large tensors are those of pages, so that they can be mapped into memory.
constexpr std::uint64_t kPageBytes = 4096, kLargeBytes = std::uint64_t{64} << 10, kAlignment = 64;

// Tags: field number * 8 + 2, "length and bytes".
constexpr char kGraphTag = 0x3a, kInitializerTag = 0x2a, kRawDataTag = 0x4a;

std::string varint(std::uint64_t value) {
  std::string bytes;
  while (value >= 0x80) {
    bytes.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::uint64_t alignment_of(std::uint64_t bytes) { return bytes >= kLargeBytes ? kPageBytes : kAlignment; }

bool is_streamed(const proto::TensorProto& tensor) { return tensor.has_place(); }
bool is_external(const proto::TensorProto& tensor) {
  return tensor.data_location() == proto::TensorProto::EXTERNAL && is_streamed(tensor);
}

void set_entry(proto::TensorProto& tensor, const char* key, std::string value) {
  auto* entry = tensor.add_external_data();
  entry->set_key(key);
  entry->set_value(std::move(value));
}

/// The message without `place`, and without the values that follow it if they are streamed into the same file.
std::string header_of(const proto::TensorProto& tensor) {
  proto::TensorProto header = tensor;
  header.clear_place();
  return header.SerializeAsString();
}

/// What comes before the streamed values of an initializer in the graph; `header` is all of it if there are none.
std::string framed(const proto::TensorProto& tensor, const std::string& header) {
  const bool follows = is_streamed(tensor) && !is_external(tensor);
  std::string values;
  if (follows) values = kRawDataTag + varint(tensor.place().bytes());
  const std::uint64_t size = header.size() + values.size() + (follows ? tensor.place().bytes() : 0);
  return kInitializerTag + varint(size) + header + values;
}

/// The message without its graph, and the graph without its initializers.
struct Frame {
  std::string model, graph;
};

Frame frame_of(const proto::ModelProto& model) {
  proto::GraphProto graph = model.graph();
  graph.clear_initializer();
  proto::ModelProto rest = model;
  rest.clear_graph();
  return {rest.SerializeAsString(), graph.SerializeAsString()};
}

}  // namespace

ModelWriter::ModelWriter(proto::ModelProto model, const DataFile& data) : model_(std::move(model)) {
  measure();
  if (!data.always && model_bytes_ <= kMaxMessageBytes) return;
  move_out(data.name);
  measure();
  if (model_bytes_ > kMaxMessageBytes) {
    throw_usage(fmt::format("the graph alone takes {} bytes, more than the {} that an ONNX file holds", model_bytes_,
                            kMaxMessageBytes));
  }
}

void ModelWriter::move_out(const std::string& name) {
  for (auto& tensor : *model_.mutable_graph()->mutable_initializer()) {
    const std::uint64_t bytes = tensor.place().bytes();
    if (!is_streamed(tensor) || bytes < kSmallBytes) continue;
    has_data_file_ = true;
    const std::uint64_t step = alignment_of(bytes), offset = div_up(data_bytes_, step) * step;
    tensor.set_data_location(proto::TensorProto::EXTERNAL);
    tensor.clear_external_data();
    set_entry(tensor, "location", name);
    set_entry(tensor, "offset", std::to_string(offset));
    set_entry(tensor, "length", std::to_string(bytes));
    data_bytes_ = offset + bytes;
  }
}

void ModelWriter::measure() {
  const Frame frame = frame_of(model_);
  std::uint64_t graph = frame.graph.size();
  for (const auto& tensor : model_.graph().initializer()) {
    graph += framed(tensor, header_of(tensor)).size();
    if (is_streamed(tensor) && !is_external(tensor)) graph += tensor.place().bytes();
  }
  model_bytes_ = frame.model.size() + 1 + varint(graph).size() + graph;
  graph_bytes_ = graph;
}

std::uint64_t ModelWriter::streamed_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& tensor : model_.graph().initializer()) bytes += tensor.place().bytes();
  return bytes;
}

void ModelWriter::write(OutputFile& file, OutputFile* data, const ValueWriter& values) const {
  const Frame frame = frame_of(model_);
  file.write(frame.model);
  file.write(kGraphTag + varint(graph_bytes_));
  file.write(frame.graph);
  for (const auto& tensor : model_.graph().initializer()) {
    file.write(framed(tensor, header_of(tensor)));
    if (!is_streamed(tensor)) continue;
    OutputFile& to = is_external(tensor) ? *data : file;
    if (is_external(tensor)) to.pad_to(alignment_of(tensor.place().bytes()));
    const std::uint64_t start = to.size();
    values(tensor, [&](std::span<const std::byte> bytes) { to.write(bytes); });
    if (to.size() - start != tensor.place().bytes()) {
      throw_usage(fmt::format("initializer {}: {} bytes were planned, {} came", tensor.name(), tensor.place().bytes(),
                              to.size() - start));
    }
  }
}

}  // namespace kerf::formats::onnx
