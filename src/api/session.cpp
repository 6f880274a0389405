#include "api/session.h"

#include "core/memory.h"
#include "core/threads.h"

namespace kerf::api {

Session::Session(const Resources& resources) : progress_(resources.progress), start_(std::chrono::steady_clock::now()) {
  if (resources.threads > 0) set_thread_count(resources.threads);
  ram_ = resources.max_ram > 0 ? resources.max_ram : available_ram_bytes();
  // Half for what streams keep; the rest for weights in use, statistics and what is being computed.
  budget_ = std::make_shared<sweep::Budget>(ram_ / 2, resources.scratch_folder);
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
