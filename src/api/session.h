#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "kerf/kerf.h"

#include "sweep/value_store.h"

namespace kerf::api {

/// What one call of the library runs with: threads set, a memory budget, a progress to tell.
class Session {
 public:
  explicit Session(const Resources& resources);

  const std::shared_ptr<sweep::Budget>& budget() const { return budget_; }
  std::uint64_t ram() const { return ram_; }
  /// Error(kUsage) where --max-ram is given and less than what has to be in memory at once.
  void check(std::uint64_t working) const;
  /// Leaves that much to others than streams, which get the rest but at most half. Returns what they get.
  std::uint64_t set_aside(std::uint64_t working) const;
  /// Between two phases: under --max-ram the next one is not to pay for what the allocator kept from the last.
  void change_phase() const;
  void start(std::string_view task, std::int64_t total) const;
  void step() const;
  void finish() const;
  double seconds() const;

 private:
  Progress* progress_;
  std::uint64_t ram_;
  bool limited_;  ///< by --max-ram
  std::shared_ptr<sweep::Budget> budget_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace kerf::api
