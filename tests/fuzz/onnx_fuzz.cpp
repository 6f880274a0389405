// ONNX models: the message, the graph that it becomes, and the values of every weight.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "core/error.h"
#include "formats/onnx/import.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace onnx = kerf::formats::onnx;
  onnx::ByteSource source{"model.onnx", size, {}};
  source.read = [data, size](std::uint64_t offset, std::span<std::byte> into) {
    if (offset > size || into.size() > size - offset) std::abort();
    if (!into.empty()) std::memcpy(into.data(), data + offset, into.size());
  };
  try {
    const auto imported = onnx::import_model(std::make_shared<const onnx::ByteSource>(source), kerf::Json());
    for (const kerf::graph::ValueId id : imported->graph.weights()) {
      try {
        imported->graph.value(id).weight.source->read();
      } catch (const kerf::Error&) {
        // Values that are not finite are refused when they are read.
      }
    }
  } catch (const kerf::Error&) {
  }
  return 0;
}
