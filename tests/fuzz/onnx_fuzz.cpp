// ONNX models: the message, the graph that it becomes, and the values of every weight.

#include <cstdint>

#include "core/error.h"
#include "formats/onnx/import.h"
#include "tests/fuzz/onnx_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace onnx = kerf::formats::onnx;
  try {
    const auto imported = onnx::import_model(kerf::test::onnx_file(data, size), kerf::Json());
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
