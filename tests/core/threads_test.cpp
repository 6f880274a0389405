#include "core/threads.h"

#include <atomic>
#include <cfenv>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/thread_setting.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace kerf {
namespace {

using test::ThreadSetting;

/// Waits, yielding, until so many have come: then they are on as many threads.
class Meeting {
 public:
  explicit Meeting(int count) : missing_(count) {}
  void wait() {
    --missing_;
    while (missing_.load() > 0) std::this_thread::yield();
  }

 private:
  std::atomic<int> missing_;
};

class ParallelFor : public testing::TestWithParam<int> {
 protected:
  ThreadSetting threads_{GetParam()};
};

TEST_P(ParallelFor, RunsEveryIndexOnce) {
  for (const std::int64_t count : {0, 1, 2, 7, 8, 9, 1000}) {
    std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
    parallel_for(count, [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; });
    for (const auto& times : runs) EXPECT_EQ(times.load(), 1);
  }
  parallel_for(-1, [](std::int64_t) { FAIL() << "nothing to run"; });
}

TEST_P(ParallelFor, NestedLoopsRunEveryPairOnce) {
  constexpr std::int64_t kOuter = 9, kInner = 11;
  std::vector<std::atomic<int>> runs(kOuter * kInner);
  parallel_for(kOuter, [&](std::int64_t i) {
    parallel_for(kInner, [&](std::int64_t j) { ++runs[static_cast<std::size_t>(i * kInner + j)]; });
  });
  for (const auto& times : runs) EXPECT_EQ(times.load(), 1);
}

TEST_P(ParallelFor, AnExceptionArrivesAfterAllThreadsStopped) {
  std::atomic<int> running{0}, started{0};
  const auto loop = [&] {
    parallel_for(1000, [&](std::int64_t i) {
      ++running;
      ++started;
      std::this_thread::yield();
      if (i == 3) {
        --running;
        throw std::runtime_error("body 3");
      }
      --running;
    });
  };
  try {
    loop();
    FAIL() << "the exception was lost";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "body 3");
  }
  EXPECT_EQ(running.load(), 0);
  const int after = started.load();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(started.load(), after);
}

TEST_P(ParallelFor, OfManyExceptionsOneArrives) {
  EXPECT_THROW(parallel_for(100, [](std::int64_t i) { throw std::out_of_range(std::to_string(i)); }),
               std::out_of_range);
}

TEST_P(ParallelFor, AnInnerExceptionLeavesBothLoops) {
  EXPECT_THROW(parallel_for(4,
                            [](std::int64_t) {
                              parallel_for(4, [](std::int64_t j) {
                                if (j == 2) throw std::runtime_error("inner");
                              });
                            }),
               std::runtime_error);
}

TEST_P(ParallelFor, WorksAgainAfterAnException) {
  EXPECT_ANY_THROW(parallel_for(10, [](std::int64_t) { throw std::runtime_error(""); }));
  EXPECT_FALSE(in_parallel());
  std::atomic<std::int64_t> sum{0};
  parallel_for(100, [&](std::int64_t i) { sum += i; });
  EXPECT_EQ(sum.load(), 4950);
}

INSTANTIATE_TEST_SUITE_P(Threads, ParallelFor, testing::Values(1, 2, 8));

TEST(Threads, UpToTheirNumberRunAtOnce) {
  constexpr int kThreads = 4;
  const ThreadSetting threads(kThreads);
  Meeting meeting(kThreads);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  // Hangs if fewer run at once.
  parallel_for(kThreads, [&](std::int64_t) {
    meeting.wait();
    const std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kThreads));
  EXPECT_TRUE(seen.contains(std::this_thread::get_id())) << "the caller works too";
}

TEST(Threads, TheOutermostLoopIsTheParallelOne) {
  const ThreadSetting threads(4);
  std::atomic<int> elsewhere{0}, outside{0};
  parallel_for(4, [&](std::int64_t) {
    const auto outer = std::this_thread::get_id();
    if (!in_parallel()) ++outside;
    parallel_for(50, [&](std::int64_t) {
      if (std::this_thread::get_id() != outer) ++elsewhere;
      if (!in_parallel()) ++outside;
    });
    if (!in_parallel()) ++outside;
  });
  EXPECT_EQ(elsewhere.load(), 0);
  EXPECT_EQ(outside.load(), 0);
  EXPECT_FALSE(in_parallel());
}

TEST(Threads, ALoopOfOneLeavesTheThreadsToTheLoopInside) {
  const ThreadSetting threads(3);
  Meeting meeting(3);
  parallel_for(1, [&](std::int64_t) {
    EXPECT_FALSE(in_parallel());
    parallel_for(3, [&](std::int64_t) { meeting.wait(); });
  });
}

TEST(Threads, ThereIsAlwaysOne) {
  const ThreadSetting restore(2);
  set_thread_count(0);
  EXPECT_EQ(thread_count(), 1);
  set_thread_count(-5);
  EXPECT_EQ(thread_count(), 1);
  set_thread_count(7);
  EXPECT_EQ(thread_count(), 7);
}

/// This thread's rounding direction, for as long as it lives.
class Rounding {
 public:
  explicit Rounding(int direction) { std::fesetround(direction); }
  Rounding(const Rounding&) = delete;
  Rounding& operator=(const Rounding&) = delete;
  ~Rounding() { reset_floating_point_state(); }
};

TEST(FloatingPointState, ThreadsRoundToNearestWhateverTheCallerDoes) {
  const ThreadSetting threads(3);
  const Rounding upward(FE_UPWARD);
  const auto caller = std::this_thread::get_id();
  std::atomic<int> others{0}, nearest{0};
  Meeting meeting(3);
  parallel_for(3, [&](std::int64_t) {
    meeting.wait();
    if (std::this_thread::get_id() == caller) return;
    ++others;
    if (std::fegetround() == FE_TONEAREST) ++nearest;
  });
  EXPECT_EQ(others.load(), 2);
  EXPECT_EQ(nearest.load(), 2);
}

TEST(FloatingPointState, ResetKeepsDenormalsAndRoundsToNearest) {
  std::fesetround(FE_DOWNWARD);
#if defined(__SSE2__)
  _mm_setcsr(_mm_getcsr() | 0x8040U);  // flush results and operands to zero
#endif
  reset_floating_point_state();
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
  volatile float smallest_normal = std::numeric_limits<float>::min();
  EXPECT_GT(smallest_normal / 2, 0.0F);
}

}  // namespace
}  // namespace kerf
