#include "core/output.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"

namespace kerf {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{4} << 20;

/// A name that nobody has, most likely; create() tells.
std::string temporary_name(const std::string& final_path) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  std::array<unsigned char, 6> random{};
  if (::getentropy(random.data(), random.size()) != 0) throw_errno(final_path, "no random name for it", errno);
  std::string name = "." + file_name(final_path) + ".kerf-tmp-";
  for (const unsigned char byte : random) name += kLetters[byte % kLetters.size()];
  return join_path(parent_path(final_path), name);
}

/// Calls create(path), which gives a negative number if it fails, with names until one is free. The name is registered
/// before anything has it: a signal in between must not leave it behind.
template <typename Create>
int create_temporary(const std::string& final_path, std::string& path, TemporaryPath& registration, Create create) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    path = temporary_name(final_path);
    registration = TemporaryPath(path);
    const int result = create(path.c_str());
    if (result >= 0) return result;
    const int number = errno;
    registration.release();
    if (number == ENOENT || number == ENOTDIR) {
      throw Error(ErrorCode::kUsage, final_path, "",
                  fmt::format("the folder {} does not exist", kerf::quoted(parent_path(final_path))));
    }
    if (number != EEXIST) throw_errno(final_path, "cannot be created", number);
  }
  throw_errno(final_path, "cannot be created", EEXIST);
}

int create_file(const char* path) { return ::open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); }
int create_folder(const char* path) { return ::mkdir(path, 0700); }

void sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw_errno(folder, "cannot be opened to sync it", errno);
  const int result = ::fsync(descriptor);
  const int number = errno;
  ::close(descriptor);
  // Some file systems cannot sync a directory (EINVAL); the rename itself stands.
  if (result != 0 && number != EINVAL) throw_errno(folder, "sync failed", number);
}

mode_t current_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

void refuse_folder(const std::string& path) {
  if (is_directory(path)) throw_usage(path + ": is a directory, expected a name for a file");
}

bool is_empty_folder(const std::string& path) { return list_directory(path).empty(); }

}  // namespace

OutputFile::OutputFile(std::string final_path) : final_path_(std::move(final_path)) {
  refuse_folder(final_path_);
  descriptor_ = create_temporary(final_path_, temporary_path_, registration_, create_file);
  buffer_.reserve(kBufferBytes);
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!committed_) ::unlink(temporary_path_.c_str());
}

void OutputFile::write(std::span<const std::byte> bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  position_ += bytes.size();
  if (bytes.size() >= kBufferBytes) {
    write_through(bytes.data(), bytes.size());
  } else {
    buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
}

void OutputFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void OutputFile::pad_to(std::uint64_t alignment) {
  const std::uint64_t rest = position_ % alignment;
  if (rest != 0) write(std::string(static_cast<std::size_t>(alignment - rest), '\0'));
}

void OutputFile::flush() {
  write_through(reinterpret_cast<const std::byte*>(buffer_.data()), buffer_.size());
  buffer_.clear();
}

void OutputFile::write_through(const std::byte* data, std::size_t count) {
  while (count > 0) {
    const ssize_t done = ::write(descriptor_, data, std::min(count, std::size_t{1} << 30));
    if (done < 0) {
      if (errno == EINTR) continue;
      throw_errno(final_path_, fmt::format("writing failed after {} bytes", position_ - count), errno);
    }
    data += done;
    count -= static_cast<std::size_t>(done);
  }
}

void OutputFile::commit() {
  flush();
  if (::fchmod(descriptor_, 0666 & ~current_umask()) != 0)
    throw_errno(final_path_, "setting permissions failed", errno);
  // A failed fsync is final: what the system holds after it is unknown.
  if (::fsync(descriptor_) != 0) throw_errno(final_path_, "sync failed", errno);
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0 && errno != EINTR) throw_errno(final_path_, "closing failed", errno);
  if (::rename(temporary_path_.c_str(), final_path_.c_str()) != 0) throw_errno(final_path_, "renaming failed", errno);
  committed_ = true;
  registration_.release();
  sync_folder(parent_path(final_path_));
}

OutputFileSet::OutputFileSet(std::string main_path) : main_path_(std::move(main_path)) {
  refuse_folder(main_path_);
  create_temporary(main_path_, temporary_folder_, registration_, create_folder);
}

OutputFileSet::~OutputFileSet() {
  if (committed_) return;
  std::error_code ignored;
  std::filesystem::remove_all(temporary_folder_, ignored);
}

std::string OutputFileSet::temporary_path() const { return join_path(temporary_folder_, file_name(main_path_)); }

std::unique_ptr<OutputFile> OutputFileSet::create(std::string_view name) {
  return std::make_unique<OutputFile>(join_path(temporary_folder_, name));
}

void OutputFileSet::commit() {
  const std::string folder = parent_path(main_path_), main = file_name(main_path_);
  std::vector<std::string> names = list_directory(temporary_folder_);
  std::stable_partition(names.begin(), names.end(), [&](const std::string& name) { return name != main; });
  for (const std::string& name : names) {
    const std::string to = join_path(folder, name);
    if (::rename(join_path(temporary_folder_, name).c_str(), to.c_str()) != 0)
      throw_errno(to, "renaming failed", errno);
  }
  sync_folder(folder);
  ::rmdir(temporary_folder_.c_str());
  committed_ = true;
  registration_.release();
}

OutputFolder::OutputFolder(std::string final_path, bool force) : final_path_(std::move(final_path)), force_(force) {
  while (final_path_.size() > 1 && final_path_.back() == '/') final_path_.pop_back();
  if (path_exists(final_path_)) {
    if (!is_directory(final_path_)) throw_usage(final_path_ + ": is a file, expected a name for a folder");
    if (!force_ && !is_empty_folder(final_path_)) {
      throw_usage(final_path_ + ": the folder is not empty; --force replaces it");
    }
  }
  create_temporary(final_path_, temporary_path_, registration_, create_folder);
}

OutputFolder::~OutputFolder() {
  if (committed_) return;
  std::error_code ignored;
  std::filesystem::remove_all(temporary_path_, ignored);
}

std::unique_ptr<OutputFile> OutputFolder::create(std::string_view name) {
  return std::make_unique<OutputFile>(join_path(temporary_path_, name));
}

void OutputFolder::commit() {
  if (::chmod(temporary_path_.c_str(), 0777 & ~current_umask()) != 0) {
    throw_errno(final_path_, "setting permissions failed", errno);
  }
  sync_folder(temporary_path_);
  // rename() replaces an absent or empty folder; a full one is exchanged and then removed.
  if (::rename(temporary_path_.c_str(), final_path_.c_str()) != 0) {
    if (!(force_ && (errno == ENOTEMPTY || errno == EEXIST))) throw_errno(final_path_, "renaming failed", errno);
    if (::renameat2(AT_FDCWD, temporary_path_.c_str(), AT_FDCWD, final_path_.c_str(), RENAME_EXCHANGE) != 0) {
      throw_errno(final_path_, "exchanging folders failed", errno);
    }
    std::error_code ignored;
    std::filesystem::remove_all(temporary_path_, ignored);
  }
  committed_ = true;
  registration_.release();
  sync_folder(parent_path(final_path_));
}

void write_file(const std::string& path, std::string_view text) {
  OutputFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace kerf
