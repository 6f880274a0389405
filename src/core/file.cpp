#include "core/file.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf {
namespace {

std::string errno_text(int number) { return std::generic_category().message(number); }

std::int64_t modified_ns(const struct stat& info) {
  return static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
}

[[noreturn]] void refuse_open(const std::string& path, int number) {
  // What a wrong path causes is the input's fault; the rest is the machine's.
  if (number == ENOENT || number == ENOTDIR || number == ELOOP || number == ENAMETOOLONG || number == ENXIO) {
    throw_input(path, "", fmt::format("cannot be opened: {}", errno_text(number)));
  }
  throw_errno(path, "cannot be opened", number);
}

}  // namespace

std::shared_ptr<const InputFile> InputFile::open(const std::string& path) {
  if (path.find('\0') != std::string::npos) throw_input(quoted(path), "", "a path cannot contain a zero byte");
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) refuse_open(path, errno);
  std::shared_ptr<InputFile> file(new InputFile());
  file->path_ = path;
  file->descriptor_ = descriptor;
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) throw_errno(path, "cannot be examined", errno);
  if (!S_ISREG(info.st_mode)) {
    throw_input(path, "", S_ISDIR(info.st_mode) ? "is a directory, expected a file" : "is not a regular file");
  }
  ::fcntl(descriptor, F_SETFL, 0);
  file->size_ = static_cast<std::uint64_t>(info.st_size);
  file->device_ = info.st_dev;
  file->inode_ = info.st_ino;
  file->modified_ns_ = modified_ns(info);
  return file;
}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset > size_ || into.size() > size_ - offset) {
    throw_input(path_, fmt::format("offset {}", offset),
                fmt::format("{} bytes wanted, the file has {} in all", into.size(), size_));
  }
  // The kernel reads at most 2 GiB at a time.
  constexpr std::size_t kLargestRead = std::size_t{1} << 30;
  while (!into.empty()) {
    const ssize_t got =
        ::pread(descriptor_, into.data(), std::min(into.size(), kLargestRead), static_cast<off_t>(offset));
    if (got < 0) {
      if (errno == EINTR) continue;
      throw_errno(path_, fmt::format("reading at offset {} failed", offset), errno);
    }
    if (got == 0) throw_input(path_, fmt::format("offset {}", offset), "the file became shorter while it was read");
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
}

void InputFile::check_unchanged() const {
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0) throw_errno(path_, "cannot be examined", errno);
  if (static_cast<std::uint64_t>(info.st_size) != size_ || modified_ns(info) != modified_ns_) {
    throw_input(path_, "", "the file changed while it was read");
  }
}

std::string read_file(const std::string& path, std::uint64_t limit_bytes) {
  const auto file = InputFile::open(path);
  if (file->size() > limit_bytes) {
    throw_input(path, "", fmt::format("{} bytes, more than the {} that are read here", file->size(), limit_bytes));
  }
  std::string text(static_cast<std::size_t>(file->size()), '\0');
  file->read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

bool path_exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_regular_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

bool is_broken_link(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode) && !path_exists(path);
}

std::vector<std::string> list_directory(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) refuse_open(path, errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory)) {  // NOLINT(concurrency-mt-unsafe): a stream of our own
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

void check_relative_path(std::string_view relative, std::string_view file, std::string_view place) {
  const auto refuse = [&](std::string_view why) {
    throw_input(file, place, fmt::format("file name {} {}", quoted(relative), why));
  };
  if (relative.empty()) refuse("is empty");
  if (relative.front() == '/') refuse("is an absolute path");
  if (relative.find('\0') != std::string_view::npos) refuse("contains a zero byte");
  if (relative.find('\\') != std::string_view::npos) refuse("contains a backslash");
  for (const std::string& component : split(relative, '/')) {
    if (component.empty() || component == ".") refuse("has an empty component");
    if (component == "..") refuse("leaves the folder");
  }
}

std::string join_path(std::string_view directory, std::string_view name) {
  if (directory.empty()) return std::string(name);
  return fmt::format("{}{}{}", directory, directory.back() == '/' ? "" : "/", name);
}

std::string parent_path(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t at = path.rfind('/');
  if (at == std::string_view::npos) return ".";
  return at == 0 ? "/" : std::string(path.substr(0, at));
}

std::string file_name(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t at = path.rfind('/');
  return std::string(at == std::string_view::npos ? path : path.substr(at + 1));
}

}  // namespace kerf
