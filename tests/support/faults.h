#pragma once

#include <csignal>
#include <stdexcept>
#include <string>

#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"

namespace kerf::test {

/// No file of this process grows beyond so many bytes (EFBIG), for as long as it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : signal_before_(std::signal(SIGXFSZ, SIG_IGN)) {
    if (::getrlimit(RLIMIT_FSIZE, &before_) != 0) throw std::runtime_error("getrlimit failed");
    const rlimit now{bytes, before_.rlim_max};
    if (::setrlimit(RLIMIT_FSIZE, &now) != 0) throw std::runtime_error("setrlimit failed");
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_before_);
  }

 private:
  void (*signal_before_)(int);
  rlimit before_{};
};

/// A file system with room for so many bytes. Needs root: elsewhere mounted() is false, and the test skips.
class SmallDisk {
 public:
  explicit SmallDisk(std::size_t bytes) {
    const std::string options = "size=" + std::to_string(bytes);
    mounted_ = ::mount("kerf-test", folder_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }

  bool mounted() const { return mounted_; }
  const std::string& path() const { return folder_.path(); }

 private:
  TempDir folder_;
  bool mounted_ = false;
};

/// Root ignores permission bits: for as long as this lives, the process has nobody's rights. Nothing changes if it has
/// not root's.
class WithoutRoot {
 public:
  WithoutRoot() : before_(::geteuid()) {
    constexpr uid_t kNobody = 65534;
    if (before_ == 0 && ::seteuid(kNobody) != 0) throw std::runtime_error("seteuid failed");
  }
  WithoutRoot(const WithoutRoot&) = delete;
  WithoutRoot& operator=(const WithoutRoot&) = delete;
  ~WithoutRoot() { [[maybe_unused]] const int result = ::seteuid(before_); }

 private:
  uid_t before_;
};

}  // namespace kerf::test
