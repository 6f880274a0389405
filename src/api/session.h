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
  void start(std::string_view task, std::int64_t total) const;
  void step() const;
  void finish() const;
  double seconds() const;

 private:
  Progress* progress_;
  std::uint64_t ram_;
  std::shared_ptr<sweep::Budget> budget_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace kerf::api
