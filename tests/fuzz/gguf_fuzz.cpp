// GGUF files: header, metadata as config.json and tokenizer.json, and the values of every tensor.

#include <cstdint>
#include <cstdlib>

#include "core/error.h"
#include "formats/gguf/reader.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kerf::test::MemoryFile file(data, size);
  try {
    const auto checkpoint = kerf::formats::gguf::open_gguf(file.path());
    for (const auto& [name, source] : checkpoint.tensors) {
      if (source->stored_bytes() > size) std::abort();
      try {
        source->read_quantized();
        source->read();
      } catch (const kerf::Error&) {
        // Values that are not finite are refused when they are read.
      }
    }
  } catch (const kerf::Error&) {
  }
  return 0;
}
