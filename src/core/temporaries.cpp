#include "core/temporaries.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/output.h"

namespace kerf {
namespace {

constexpr std::size_t kSlots = 256;
constexpr std::size_t kLongestPath = 4096;

struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<bool> live{false};
  std::array<char, kLongestPath> path{};
};

/// Fixed storage: a signal handler may not allocate.
std::array<Slot, kSlots> slots;
std::atomic<bool> stopping{false};

/// Folders of temporaries have folders in them, and those have files.
constexpr int kDeepest = 4;

/// Removes a file or a folder with all in it, with calls that are safe in a signal handler apart from the directory
/// stream, which is of our own making.
void remove_at(int folder, const char* name, int depth) {  // NOLINT(misc-no-recursion): depth is bounded
  if (::unlinkat(folder, name, 0) == 0 || depth == kDeepest) return;
  const int opened = ::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) return;
  if (DIR* directory = ::fdopendir(opened)) {
    while (const dirent* entry = ::readdir(directory)) {  // NOLINT(concurrency-mt-unsafe): a stream of our own
      const char* inside = static_cast<const char*>(entry->d_name);
      if (std::strcmp(inside, ".") != 0 && std::strcmp(inside, "..") != 0) remove_at(opened, inside, depth + 1);
    }
    ::closedir(directory);
  }
  ::unlinkat(folder, name, AT_REMOVEDIR);
}

void remove_temporary(const char* path) { remove_at(AT_FDCWD, path, 0); }

void on_signal(int number) {
  if (stopping.exchange(true)) ::_exit(128 + number);
  for (Slot& slot : slots) {
    if (slot.live.load()) remove_temporary(slot.path.data());
  }
  constexpr char kMessage[] = "kerf: stopped by a signal; unfinished output was removed\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
  ::_exit(128 + number);
}

}  // namespace

TemporaryPath::TemporaryPath(const std::string& path) {
  if (path.size() + 1 > kLongestPath) throw_machine(path, "the path is too long");
  for (std::size_t i = 0; i < kSlots; ++i) {
    if (slots[i].taken.exchange(true)) continue;
    std::memcpy(slots[i].path.data(), path.c_str(), path.size() + 1);
    slots[i].live.store(true);
    slot_ = static_cast<int>(i);
    return;
  }
  throw_machine(path, "too many unfinished outputs at once");
}

TemporaryPath& TemporaryPath::operator=(TemporaryPath&& other) noexcept {
  if (this != &other) {
    release();
    slot_ = other.slot_;
    other.slot_ = -1;
  }
  return *this;
}

void TemporaryPath::release() {
  if (slot_ < 0) return;
  Slot& slot = slots[static_cast<std::size_t>(slot_)];
  slot.live.store(false);
  slot.taken.store(false);
  slot_ = -1;
}

void remove_temporaries_on_signal() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  for (const int number : {SIGXFSZ, SIGPIPE}) ::sigaction(number, &ignored, nullptr);
}

}  // namespace kerf
