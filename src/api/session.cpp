#include "api/session.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/strings.h"
#include "core/threads.h"

namespace kerf::api {

Session::Session(const Resources& resources) : progress_(resources.progress), start_(std::chrono::steady_clock::now()) {
  if (resources.threads > 0) set_thread_count(resources.threads);
  limited_ = resources.max_ram > 0;
  ram_ = resources.max_ram > 0 ? resources.max_ram : available_ram_bytes();
  // Half for what streams keep; the rest for weights in use, statistics and what is being computed.
  budget_ = std::make_shared<sweep::Budget>(ram_ / 2, resources.scratch_folder);
}

std::uint64_t Session::set_aside(std::uint64_t working) const {
  const std::uint64_t half = ram_ / 2, left = working <= ram_ ? std::min(half, ram_ - working) : 0;
  budget_->take(half - left);
  return left;
}

void Session::check(std::uint64_t working) const {
  if (!limited_ || working <= ram_) return;
  throw_usage(
      fmt::format("--max-ram {}: this run needs about {} at once, beside what may go to a scratch file; give it that, "
                  "or fewer --threads or a smaller --context",
                  human_bytes(ram_), human_bytes(working)));
}

void Session::change_phase() const {
  if (limited_) return_free_ram();
}

void Session::start(std::string_view task, std::int64_t total) const {
  if (progress_ != nullptr) progress_->start(task, total);
}

void Session::step() const {
  if (progress_ != nullptr) progress_->advance(1);
}

void Session::finish() const {
  if (progress_ != nullptr) progress_->finish();
}

double Session::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace kerf::api
