// safetensors headers: what is accepted lies inside the file.

#include <cstdint>
#include <cstdlib>
#include <span>

#include "core/error.h"
#include "formats/safetensors/header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kerf::formats::safetensors::Header;
  Header header;
  try {
    header = kerf::formats::safetensors::parse_bytes(std::as_bytes(std::span(data, size)), "fuzz.safetensors");
  } catch (const kerf::Error&) {
    return 0;
  }
  for (const auto& [name, entry] : header.tensors) {
    if (entry.offset < header.data_start || entry.offset > size || entry.bytes > size - entry.offset) std::abort();
  }
  return 0;
}
