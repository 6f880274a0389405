// Strict JSON: whatever is accepted prints as text that reads back and prints the same.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  kerf::Json value;
  try {
    value = kerf::Json::parse(text, "fuzz.json");
  } catch (const kerf::Error&) {
    return 0;
  }
  const std::string printed = value.dump();
  if (kerf::Json::parse(printed, "printed.json").dump() != printed) std::abort();
  if (kerf::Json::parse(value.dump(2), "indented.json").dump() != printed) std::abort();
  return 0;
}
