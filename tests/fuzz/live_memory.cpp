#include "tests/fuzz/live_memory.h"

#include <atomic>
#include <cstdint>

namespace {

std::atomic<std::int64_t> live{0};
std::atomic<std::int64_t> peak{0};

void add(std::int64_t bytes) {
  const std::int64_t now = live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::int64_t seen = peak.load(std::memory_order_relaxed);
  while (now > seen && !peak.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {
  }
}

std::int64_t start = 0;

}  // namespace

#ifdef KERF_SANITIZED

#include <sanitizer/common_interface_defs.h>

// <sanitizer/allocator_interface.h>, which GCC's runtime has and GCC's headers leave out.
extern "C" {
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*, std::size_t),
                                              void (*free_hook)(const volatile void*));
std::size_t __sanitizer_get_allocated_size(const volatile void* pointer);
// An error of the undefined-behaviour sanitizer is a signal too, so that the input is saved.
const char* __ubsan_default_options();
const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }
}

namespace {

void on_malloc(const volatile void*, std::size_t size) { add(static_cast<std::int64_t>(size)); }
void on_free(const volatile void* pointer) { add(-static_cast<std::int64_t>(__sanitizer_get_allocated_size(pointer))); }
[[maybe_unused]] const bool hooked = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) != 0;

}  // namespace

namespace kerf::test {
void on_sanitizer_death(void (*report)()) { __sanitizer_set_death_callback(report); }
}  // namespace kerf::test

#else

#include <cstdlib>
#include <new>

#include <malloc.h>

namespace {

void* counted(void* pointer) {
  if (pointer == nullptr) throw std::bad_alloc();
  add(static_cast<std::int64_t>(::malloc_usable_size(pointer)));
  return pointer;
}

void release(void* pointer) {
  add(-static_cast<std::int64_t>(::malloc_usable_size(pointer)));
  std::free(pointer);
}

void* allocate_aligned(std::size_t size, std::align_val_t alignment) {
  const auto bytes = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(bytes, (size + bytes - 1) / bytes * bytes));
}

}  // namespace

void* operator new(std::size_t size) { return counted(std::malloc(size > 0 ? size : 1)); }
void* operator new[](std::size_t size) { return counted(std::malloc(size > 0 ? size : 1)); }
void* operator new(std::size_t size, std::align_val_t alignment) { return allocate_aligned(size, alignment); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return allocate_aligned(size, alignment); }
void operator delete(void* pointer) noexcept { release(pointer); }
void operator delete[](void* pointer) noexcept { release(pointer); }
void operator delete(void* pointer, std::size_t) noexcept { release(pointer); }
void operator delete[](void* pointer, std::size_t) noexcept { release(pointer); }
void operator delete(void* pointer, std::align_val_t) noexcept { release(pointer); }
void operator delete[](void* pointer, std::align_val_t) noexcept { release(pointer); }
void operator delete(void* pointer, std::size_t, std::align_val_t) noexcept { release(pointer); }
void operator delete[](void* pointer, std::size_t, std::align_val_t) noexcept { release(pointer); }

namespace kerf::test {
void on_sanitizer_death(void (*)()) {}
}  // namespace kerf::test

#endif

namespace kerf::test {

LiveMemory::LiveMemory() {
  start = live.load(std::memory_order_relaxed);
  peak.store(start, std::memory_order_relaxed);
}

std::size_t LiveMemory::peak_bytes() const {
  return static_cast<std::size_t>(peak.load(std::memory_order_relaxed) - start);
}

}  // namespace kerf::test
