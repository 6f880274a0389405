#include "core/threads.h"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <omp.h>
#include <sched.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace kerf {
namespace {

thread_local bool inside_parallel = false;
std::atomic<int> configured{0};

/// Whole processors that a cgroup v2 quota allows, 0 if there is none.
int cgroup_quota() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  long period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  return static_cast<int>((std::stol(quota) + period - 1) / period);
}

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int count = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) count = std::max(1, CPU_COUNT(&set));
  const int quota = cgroup_quota();
  return quota > 0 ? std::min(count, quota) : count;
}

/// One parallel_for: indices are handed out one at a time.
class Loop {
 public:
  Loop(std::int64_t count, const std::function<void(std::int64_t)>& body) : count_(count), body_(body) {}

  void work() noexcept {
    // The outer state is restored: the calling thread takes part too.
    const bool was_inside = std::exchange(inside_parallel, true);
    for (;;) {
      const std::int64_t index = next_.fetch_add(1);
      if (index >= count_ || failed_.load()) break;
      try {
        body_(index);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failed_.exchange(true)) error_ = std::current_exception();
      }
    }
    inside_parallel = was_inside;
  }

  void rethrow() {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::int64_t count_;
  const std::function<void(std::int64_t)>& body_;
  std::atomic<std::int64_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::exception_ptr error_;
};

void enter_thread() {
  reset_floating_point_state();
  omp_set_num_threads(1);  // libraries that use OpenMP stay on their own thread
}

}  // namespace

int thread_count() {
  const int count = configured.load();
  if (count > 0) return count;
  static const int detected = usable_processors();
  return detected;
}

void set_thread_count(int count) { configured.store(std::max(1, count)); }

bool in_parallel() { return inside_parallel; }

void parallel_for(std::int64_t count, const std::function<void(std::int64_t)>& body) {
  if (count <= 0) return;
  const auto wanted = static_cast<int>(std::min<std::int64_t>(count, thread_count()));
  if (inside_parallel || wanted <= 1) {
    for (std::int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  Loop loop(count, body);
  std::vector<std::thread> helpers;
  helpers.reserve(static_cast<std::size_t>(wanted - 1));
  for (int i = 1; i < wanted; ++i) {
    try {
      helpers.emplace_back([&loop] {
        enter_thread();
        loop.work();
      });
    } catch (const std::system_error&) {
      break;  // the system refuses more threads: those that exist do the work
    }
  }
  loop.work();
  for (std::thread& helper : helpers) helper.join();
  loop.rethrow();
}

void reset_floating_point_state() {
  std::fesetround(FE_TONEAREST);
#if defined(__SSE2__)
  constexpr unsigned kDefaultControl = 0x1F80;  // all exceptions masked, no flush to zero, round to nearest
  _mm_setcsr(kDefaultControl);
#endif
}

}  // namespace kerf
