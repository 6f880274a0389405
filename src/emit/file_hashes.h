#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emit/target.h"

namespace kerf::emit {

/// What a file holds, to recognize it by.
struct FileHash {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 hexadecimal digits; the Hub shows the same of its large files
  bool operator==(const FileHash&) const = default;
};

/// In the order of `files`, several at once. Error(kInput) if one cannot be read.
std::vector<FileHash> hash_files(const std::vector<WrittenFile>& files);
/// The same under their own names.
std::vector<FileHash> hash_files(const std::vector<std::string>& paths);

}  // namespace kerf::emit
