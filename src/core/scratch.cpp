#include "core/scratch.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"

namespace kerf {

struct ScratchFile::FreeList {
  std::map<std::uint64_t, std::vector<std::uint64_t>> by_size;
};

ScratchFile::~ScratchFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ScratchFile::open_if_needed() {
  if (descriptor_ >= 0) return;
  descriptor_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor_ < 0) {
    // File systems without O_TMPFILE: a named file, unlinked at once.
    std::string pattern = join_path(folder_, ".kerf-tmp-XXXXXX");
    descriptor_ = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (descriptor_ < 0) throw_errno(folder_, "no scratch file can be made here", errno);
    ::unlink(pattern.c_str());
  }
  free_ = std::make_shared<FreeList>();
}

std::uint64_t ScratchFile::allocate(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  open_if_needed();
  auto& list = free_->by_size[bytes];
  if (!list.empty()) {
    const std::uint64_t offset = list.back();
    list.pop_back();
    return offset;
  }
  const std::uint64_t offset = end_;
  end_ += bytes;
  return offset;
}

void ScratchFile::free(std::uint64_t offset, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  free_->by_size[bytes].push_back(offset);
}

void ScratchFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done =
        ::pwrite(descriptor_, bytes.data(), std::min(bytes.size(), std::size_t{1} << 30), static_cast<off_t>(offset));
    if (done < 0) {
      if (errno == EINTR) continue;
      throw_errno(folder_, "writing a scratch file failed", errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
}

void ScratchFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  while (!into.empty()) {
    const ssize_t done =
        ::pread(descriptor_, into.data(), std::min(into.size(), std::size_t{1} << 30), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) throw_errno(folder_, "reading a scratch file failed", done < 0 ? errno : EIO);
    into = into.subspan(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
}

}  // namespace kerf
