#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

namespace kerf {

/// A file without a name for values that do not fit the memory budget; gone when closed, whatever happens. Thread-safe.
class ScratchFile {
 public:
  /// Made in `folder` on first use.
  explicit ScratchFile(std::string folder) : folder_(std::move(folder)) {}
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile();

  /// Reserves `bytes` and returns their offset; freed ranges of the same size are used again.
  std::uint64_t allocate(std::uint64_t bytes);
  void free(std::uint64_t offset, std::uint64_t bytes);
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  void read(std::uint64_t offset, std::span<std::byte> into) const;

 private:
  struct FreeList;
  void open_if_needed();
  std::string folder_;
  int descriptor_ = -1;
  std::uint64_t end_ = 0;
  std::shared_ptr<FreeList> free_;
  mutable std::mutex mutex_;
};

}  // namespace kerf
