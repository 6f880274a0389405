// llama.cpp's importance files, in both forms.

#include <cstdint>

#include "core/error.h"
#include "formats/gguf/importance.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kerf::test::MemoryFile file(data, size);
  try {
    if (kerf::formats::gguf::is_importance_file(file.path())) kerf::formats::gguf::read_importance_file(file.path());
  } catch (const kerf::Error&) {
  }
  return 0;
}
