#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/temporaries.h"

namespace kerf {

/// A file that appears under its final name only when complete: bytes go to a temporary in the same folder
/// (".NAME.kerf-tmp-XXXXXX"), commit() does fsync, rename and fsync of the folder. Destroyed without commit(), and on a
/// signal (see remove_temporaries_on_signal), the temporary is removed. Errors are Error(kMachine) naming the path.
class OutputFile {
 public:
  /// Fails at once (before any work) if the folder does not exist or cannot be written.
  explicit OutputFile(std::string final_path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  const std::string& path() const { return final_path_; }
  /// Where the bytes are until commit(): to read them back before they get their final name.
  const std::string& temporary_path() const { return temporary_path_; }
  std::uint64_t size() const { return position_; }
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  /// Zero bytes up to the next multiple of `alignment`.
  void pad_to(std::uint64_t alignment);
  /// Hands buffered bytes to the system, so that temporary_path() can be read.
  void flush();
  void commit();

 private:
  void write_through(const std::byte* data, std::size_t count);
  std::string final_path_, temporary_path_;
  TemporaryPath registration_;
  int descriptor_ = -1;
  bool committed_ = false;
  std::uint64_t position_ = 0;
  std::string buffer_;
};

/// A folder that appears under its final name only when complete: a sibling temporary folder, renamed on commit().
/// An existing non-empty folder is refused unless `force`, and then exchanged atomically and removed afterwards.
class OutputFolder {
 public:
  OutputFolder(std::string final_path, bool force);
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;
  ~OutputFolder();

  const std::string& path() const { return final_path_; }
  const std::string& temporary_path() const { return temporary_path_; }
  /// A file inside the folder. Its own commit() syncs it; the folder's commit() makes it visible.
  std::unique_ptr<OutputFile> create(std::string_view name);
  void commit();

 private:
  std::string final_path_, temporary_path_;
  TemporaryPath registration_;
  bool force_ = false, committed_ = false;
};

/// Several files side by side that belong together (parts of a split model, a graph and its data): all are written into
/// a sibling temporary folder under their final names, where they can be read together, and then moved beside each
/// other, `main_path` last. A crash between two moves leaves parts without the main file, never the opposite.
class OutputFileSet {
 public:
  /// `main_path`: of the file that names the others. Fails at once if its folder cannot be written.
  explicit OutputFileSet(std::string main_path);
  OutputFileSet(const OutputFileSet&) = delete;
  OutputFileSet& operator=(const OutputFileSet&) = delete;
  ~OutputFileSet();

  const std::string& path() const { return main_path_; }
  /// Of the main file until commit().
  std::string temporary_path() const;
  /// A file of the set, by name without a folder; its own commit() completes it in the temporary folder.
  std::unique_ptr<OutputFile> create(std::string_view name);
  void commit();

 private:
  std::string main_path_, temporary_folder_;
  TemporaryPath registration_;
  bool committed_ = false;
};

/// Writes a small file atomically.
void write_file(const std::string& path, std::string_view text);

/// Installs handlers for SIGINT, SIGTERM and SIGHUP that remove every live temporary, print one line and exit with
/// 128 + the signal's number; a second signal kills at once. Also ignores SIGXFSZ and SIGPIPE (writes then fail with
/// an errno that is reported).
void remove_temporaries_on_signal();

}  // namespace kerf
