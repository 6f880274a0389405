#pragma once

#include <cstdint>

namespace kerf {

/// High-water mark of this process's resident memory (VmHWM), in bytes; 0 where the system does not tell.
std::uint64_t peak_ram_bytes();
/// Memory that this process may use: the smaller of the machine's available memory and its cgroup's limit, in bytes.
std::uint64_t available_ram_bytes();

}  // namespace kerf
