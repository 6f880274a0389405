#pragma once

#include <cstdint>
#include <string>

#include "core/bytes.h"
#include "core/file.h"

namespace kerf::formats::pytorch {

/// In a 32-bit field: the value is in a ZIP64 record or field.
inline constexpr std::uint32_t kMissing32 = 0xffffffff;

/// What the end of a ZIP archive says of its central directory, which lies before the end.
struct ZipEnd {
  std::uint64_t entries = 0, bytes = 0, offset = 0;
};

/// Reads the records at the end, ZIP64's too. Error(kInput) naming the file and the offset.
ZipEnd read_zip_end(const InputFile& file);

/// Bytes [offset, offset + count) of a file, of which the caller knows that they are in it; and a reader of them.
std::string read_bytes(const InputFile& file, std::uint64_t offset, std::uint64_t count);
ByteReader reader_of(const std::string& bytes, const InputFile& file, std::uint64_t offset);

}  // namespace kerf::formats::pytorch
