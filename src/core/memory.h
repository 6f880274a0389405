#pragma once

#include <cstdint>

namespace kerf {

/// High-water mark of this process's resident memory (VmHWM), in bytes; 0 where the system does not tell.
std::uint64_t peak_ram_bytes();
/// Of it what is resident now (VmRSS).
std::uint64_t resident_ram_bytes();
/// Gives what the allocator holds free back to the system, where it can.
void return_free_ram();
/// Memory that this process may use: the smaller of the machine's available memory and its cgroup's limit, in bytes.
std::uint64_t available_ram_bytes();

}  // namespace kerf
