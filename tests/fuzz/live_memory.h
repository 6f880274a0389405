#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KERF_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KERF_SANITIZED 1
#endif
#endif

namespace kerf::test {

/// Bytes allocated with new since construction, and the most that were alive at once. Counts every thread. One at a
/// time. Under a sanitizer the allocator's own hooks count (malloc too), otherwise replaced operators new and delete,
/// which come with tests/fuzz/live_memory.cpp.
class LiveMemory {
 public:
  LiveMemory();
  /// Relative to what was alive at construction.
  std::size_t peak_bytes() const;
};

/// Calls `report` before a sanitizer ends the process; does nothing without one.
void on_sanitizer_death(void (*report)());

}  // namespace kerf::test
