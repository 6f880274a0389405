#include "core/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace kerf {
namespace {

/// "VmHWM:   1234 kB" in a file of such lines -> bytes; 0 if absent.
std::uint64_t kilobyte_field(const char* path, const std::string& field) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.compare(0, field.size(), field) != 0) continue;
    return std::strtoull(line.c_str() + field.size(), nullptr, 10) * 1024;
  }
  return 0;
}

std::uint64_t number_in(const char* path, std::uint64_t fallback) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  return file >> value ? value : fallback;
}

}  // namespace

std::uint64_t peak_ram_bytes() { return kilobyte_field("/proc/self/status", "VmHWM:"); }

std::uint64_t resident_ram_bytes() { return kilobyte_field("/proc/self/status", "VmRSS:"); }

void return_free_ram() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

std::uint64_t available_ram_bytes() {
  constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t machine = kilobyte_field("/proc/meminfo", "MemAvailable:");
  const std::uint64_t v2 = number_in("/sys/fs/cgroup/memory.max", kUnlimited);
  const std::uint64_t v1 = number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes", kUnlimited);
  return std::min({machine == 0 ? kUnlimited : machine, v2, v1});
}

}  // namespace kerf
