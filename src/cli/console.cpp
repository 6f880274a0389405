#include "cli/console.h"

#include <array>
#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "core/error.h"
#include "report/table.h"

namespace kerf::cli {
namespace {

/// Writes all bytes; 0 or the errno of what failed.
int write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

void print(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == EPIPE) throw ClosedPipe{};
  if (error != 0) throw_errno("standard output", "cannot write", error);
}

void print_error(std::string_view message) noexcept {
  constexpr std::size_t kLongest = 4000;
  try {
    write_all(STDERR_FILENO, fmt::format("kerf: {}\n", report::printable(message, kLongest)));
  } catch (const std::exception&) {
    // Memory is so short that the message cannot be copied: write it as it is.
    write_all(STDERR_FILENO, "kerf: ");
    write_all(STDERR_FILENO, message.substr(0, kLongest));
    write_all(STDERR_FILENO, "\n");
  }
}

std::string read_standard_input(std::size_t limit_bytes) {
  std::string text;
  std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("standard input", "cannot read", errno);
    if (count == 0) return text;
    if (text.size() + static_cast<std::size_t>(count) > limit_bytes) {
      throw_input("standard input", "", fmt::format("longer than the limit of {} bytes", limit_bytes));
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace kerf::cli
