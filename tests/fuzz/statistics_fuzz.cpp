// Saved calibration statistics.

#include <cstdint>

#include "calibration/statistics_file.h"
#include "core/error.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kerf::test::MemoryFile file(data, size);
  try {
    if (kerf::calibration::is_statistics_file(file.path())) kerf::calibration::read_statistics(file.path());
  } catch (const kerf::Error&) {
  }
  return 0;
}
