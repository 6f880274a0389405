#pragma once

#include "core/threads.h"

namespace kerf::test {

/// A number of threads, for as long as it lives.
class ThreadSetting {
 public:
  explicit ThreadSetting(int count) : before_(thread_count()) { set_thread_count(count); }
  ~ThreadSetting() { set_thread_count(before_); }
  ThreadSetting(const ThreadSetting&) = delete;
  ThreadSetting& operator=(const ThreadSetting&) = delete;

 private:
  int before_;
};

}  // namespace kerf::test
