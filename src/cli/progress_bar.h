#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "kerf/progress.h"

namespace kerf::cli {

/// "quantizing  [#####.....]  45%  0:12, 0:15 left": one line of at most `width` columns. `elapsed` in seconds.
std::string progress_line(std::string_view task, std::int64_t done, std::int64_t total, double elapsed,
                          std::size_t width);

/// Draws how far a job is on standard error, one line that is overwritten a few times a second and wiped at the end.
class ProgressBar : public Progress {
 public:
  ~ProgressBar() override;
  /// Is standard error a terminal?
  static bool is_useful();

  void start(std::string_view task, std::int64_t total) override;
  void advance(std::int64_t steps) override;
  void finish() override;

 private:
  using Clock = std::chrono::steady_clock;
  void draw();
  void wipe();

  std::string task_;
  std::int64_t total_ = 0, done_ = 0;
  Clock::time_point started_, drawn_;
  std::size_t shown_ = 0;  ///< columns that the line on the screen takes
};

}  // namespace kerf::cli
