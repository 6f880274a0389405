// Recipes in YAML.

#include <cstdint>

#include "core/error.h"
#include "quant/recipe.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kerf::test::MemoryFile file(data, size);
  try {
    kerf::quant::read_recipe(file.path(), kerf::DType::kF16);
  } catch (const kerf::Error&) {
  }
  return 0;
}
