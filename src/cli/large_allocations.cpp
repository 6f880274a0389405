// Large allocations of the program lie on huge pages where the system has them (Linux's transparent huge pages under
// "madvise"): tables of a million tokens are looked up all over, and filling 4 KiB pages one by one takes a third of
// the time of reading them. Only the program does so: a library leaves its host's operator new alone.
#include <cstdint>
#include <cstdlib>
#include <new>

#include <malloc.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define KERF_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KERF_SANITIZED
#endif

#if defined(MADV_HUGEPAGE) && !defined(KERF_SANITIZED)

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
/// From here on rounding up to whole huge pages adds at most a quarter.
constexpr std::size_t kLarge = 4 * kHugePage;

/// What lies between is asked for and freed again with every window: the allocator keeps it, instead of giving pages
/// back to the system and having them cleared again a moment later.
constexpr int kKept = 64 << 20;
[[maybe_unused]] const bool settled =
    mallopt(M_MMAP_THRESHOLD, static_cast<int>(kLarge)) == 1 && mallopt(M_TRIM_THRESHOLD, kKept) == 1;

void* allocate_once(std::size_t bytes) {
  if (bytes < kLarge) return std::malloc(bytes == 0 ? 1 : bytes);
  if (bytes > static_cast<std::size_t>(PTRDIFF_MAX) - kHugePage) return nullptr;
  void* memory = std::aligned_alloc(kHugePage, (bytes + kHugePage - 1) / kHugePage * kHugePage);
  // Advice: without huge pages the memory is as good.
  if (memory != nullptr) ::madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) {
  for (;;) {
    if (void* memory = allocate_once(bytes)) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

#endif
