#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kerf {

/// A regular file opened for reading (never a FIFO, device or directory). Reads are positional, exact and retried on
/// EINTR and short reads; a read past the end, or of a file that changed size since it was opened, is an error that
/// names the file. Safe to share between threads. Weights are read through this, never mapped, so that memory is what
/// we say it is.
class InputFile {
 public:
  /// Follows symbolic links (Hub caches are made of them). Error(kInput) if absent or not a regular file.
  static std::shared_ptr<const InputFile> open(const std::string& path);

  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  /// Device and inode: two names with equal identities are one file.
  std::pair<std::uint64_t, std::uint64_t> identity() const { return {device_, inode_}; }
  void read(std::uint64_t offset, std::span<std::byte> into) const;
  /// Fails if size or modification time differ from those at opening.
  void check_unchanged() const;

 private:
  InputFile() = default;
  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0, device_ = 0, inode_ = 0;
  std::int64_t modified_ns_ = 0;
};

/// The whole of a regular file; Error(kInput) if it is larger than `limit_bytes`.
std::string read_file(const std::string& path, std::uint64_t limit_bytes);

bool path_exists(const std::string& path);
bool is_directory(const std::string& path);
bool is_regular_file(const std::string& path);
/// A symbolic link to something that is not there.
bool is_broken_link(const std::string& path);
/// Names in a directory, sorted, without "." and "..".
std::vector<std::string> list_directory(const std::string& path);

/// Checks a relative path that comes from inside a file (a shard's name): no absolute path, no "..", no empty
/// component, no NUL, no backslash. Throws Error(kInput) naming `file` and `place`.
void check_relative_path(std::string_view relative, std::string_view file, std::string_view place);

/// "dir" + "name" -> "dir/name"
std::string join_path(std::string_view directory, std::string_view name);
std::string parent_path(std::string_view path);
std::string file_name(std::string_view path);

}  // namespace kerf
