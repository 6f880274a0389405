// model.safetensors.index.json: the files that it names lie beside it.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "formats/safetensors/shard_index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto& [tensor, file] : kerf::formats::safetensors::parse_index(text, "fuzz.index.json")) {
      if (file.empty() || file == "." || file == ".." || file.find('/') != std::string::npos) std::abort();
    }
  } catch (const kerf::Error&) {
    return 0;
  }
  return 0;
}
