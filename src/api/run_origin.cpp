#include "api/run_origin.h"

#include <fstream>
#include <string>

#include <fmt/format.h>
#include <sys/utsname.h>

#include "core/memory.h"
#include "core/strings.h"
#include "core/threads.h"

namespace kerf::api {
namespace {

/// As /proc/cpuinfo names it; the architecture where it does not.
std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (starts_with(line, "model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  utsname name{};
  return uname(&name) == 0 ? name.machine : "an unknown processor";
}

}  // namespace

Provenance run_origin() {
  return {.version = version(),
          .build = build_info(),
          .machine = fmt::format("{}, {} threads, {} of memory", processor_name(), thread_count(),
                                 human_bytes(available_ram_bytes())),
          .command = ""};
}

}  // namespace kerf::api
