#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/file.h"

namespace kerf::formats::pytorch {

/// One file of an archive, stored as it is.
struct ZipEntry {
  std::uint64_t offset = 0;  ///< of its first byte, from the start of the archive
  std::uint64_t bytes = 0;
};

using ZipEntries = std::map<std::string, ZipEntry, std::less<>>;

/// Does a file of these first bytes begin as a ZIP archive does?
bool looks_like_zip(std::string_view start);

/// The files of a ZIP archive (PKWARE's APPNOTE 6.3.10, ZIP64 included) by name, as its central directory lists them.
/// Every entry is checked against its local header, lies inside the file before the directory, and overlaps no other.
/// Compressed and encrypted entries, archives in several parts, and a name twice are refused: Error(kInput) naming the
/// file, the entry and what was found.
ZipEntries read_zip_directory(const InputFile& file);

}  // namespace kerf::formats::pytorch
