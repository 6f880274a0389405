#include "cli/progress_bar.h"

#include <algorithm>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/strings.h"
#include "report/table.h"

namespace kerf::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};

void write_to_terminal(const std::string& text) {
  // A bar that cannot be drawn is no failure.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// 75 -> "1:15", 3675 -> "1:01:15"
std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e9));
  const std::int64_t hours = whole / 3600, minutes = whole / 60 % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60)
                   : fmt::format("{}:{:02}", minutes, whole % 60);
}

}  // namespace

std::string progress_line(std::string_view task, std::int64_t done, std::int64_t total, double elapsed,
                          std::size_t width) {
  constexpr std::size_t kLongestTask = 40, kLongestBar = 30, kShortestBar = 5;
  const double share = total > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0) : 0.0;
  std::string times = clock_text(elapsed);
  if (share > 0) times += fmt::format(", {} left", clock_text(elapsed * (1 - share) / share));
  const std::string name = report::printable(task, kLongestTask);
  const std::string tail = fmt::format("{:3.0f}%  {}", 100 * share, times);
  // Two spaces each side of the bar, and its brackets.
  const std::size_t fixed = decode_utf8(name).size() + tail.size() + 6;
  if (width < fixed + kShortestBar) return width > tail.size() ? tail : std::string();
  const std::size_t cells = std::min(kLongestBar, width - fixed);
  const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
  return fmt::format("{}  [{}{}]  {}", name, std::string(full, '#'), std::string(cells - full, '.'), tail);
}

ProgressBar::~ProgressBar() { wipe(); }

bool ProgressBar::is_useful() { return ::isatty(STDERR_FILENO) == 1; }

void ProgressBar::start(std::string_view task, std::int64_t total) {
  task_ = task;
  total_ = total;
  done_ = 0;
  started_ = Clock::now();
  draw();
}

void ProgressBar::advance(std::int64_t steps) {
  done_ += steps;
  if (Clock::now() - drawn_ >= kRedraw) draw();
}

void ProgressBar::finish() { wipe(); }

void ProgressBar::draw() {
  drawn_ = Clock::now();
  const double elapsed = std::chrono::duration<double>(drawn_ - started_).count();
  // The last column stays free: writing it would wrap the line in some terminals.
  std::string line = progress_line(task_, done_, total_, elapsed, terminal_width() - 1);
  const std::size_t columns = decode_utf8(line).size();
  line += std::string(shown_ > columns ? shown_ - columns : 0, ' ');
  write_to_terminal("\r" + line);
  shown_ = columns;
}

void ProgressBar::wipe() {
  if (shown_ == 0) return;
  write_to_terminal("\r" + std::string(shown_, ' ') + "\r");
  shown_ = 0;
}

}  // namespace kerf::cli
