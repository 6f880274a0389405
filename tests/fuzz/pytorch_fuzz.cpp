// PyTorch checkpoints, archives and the older row of pickles: what is accepted lies inside the file.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/error.h"
#include "formats/pytorch/reader.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kerf::test::MemoryFile file(data, size);
  std::vector<std::string> notes;
  try {
    for (const auto& [name, tensor] : kerf::formats::pytorch::open_checkpoint_file(file.path(), notes)) {
      if (tensor.entry.bytes > size) std::abort();
      // Reading fails if any element, strided or not, is outside.
      std::vector<std::byte> bytes(tensor.entry.bytes);
      tensor.read(0, bytes);
    }
  } catch (const kerf::Error& error) {
    // A view was checked against its storage before: reading cannot fail.
    if (std::string_view(error.what()).find("bytes wanted") != std::string_view::npos) std::abort();
  }
  return 0;
}
