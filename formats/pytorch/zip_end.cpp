#include "formats/pytorch/zip_end.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "core/error.h"

namespace kerf::formats::pytorch {
namespace {

constexpr std::uint32_t kEnd64Signature = 0x06064b50, kLocatorSignature = 0x07064b50;
constexpr std::uint64_t kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20, kLongestComment = 0xffff;
/// A quarter of a million entries.
constexpr std::uint64_t kMaxDirectoryBytes = std::uint64_t{32} << 20;
constexpr std::uint16_t kMissing16 = 0xffff;  ///< the value is in a ZIP64 record

/// The offset of the record that ends every archive: the last one whose comment reaches the end of the file.
std::uint64_t find_end(const InputFile& file) {
  const std::uint64_t length = std::min(file.size(), kEndBytes + kLongestComment);
  const std::uint64_t begin = file.size() - length;
  const std::string tail = read_bytes(file, begin, length);
  for (std::uint64_t at = length; at-- > 0;) {
    if (length - at < kEndBytes || tail.compare(at, 4, "PK\x05\x06") != 0) continue;
    std::uint16_t comment = 0;
    std::memcpy(&comment, tail.data() + at + kEndBytes - sizeof(comment), sizeof(comment));
    if (at + kEndBytes + comment == length) return begin + at;
  }
  throw_input(file.path(), "", "begins as a ZIP archive, but its directory is missing: an unfinished download or copy");
}

/// ZIP64: the record with 64-bit numbers that a locator before the end points to; nullopt if there is none.
std::optional<ZipEnd> read_end64(const InputFile& file, std::uint64_t end) {
  if (end < kLocatorBytes) return std::nullopt;
  const std::string locator_bytes = read_bytes(file, end - kLocatorBytes, kLocatorBytes);
  ByteReader locator = reader_of(locator_bytes, file, end - kLocatorBytes);
  if (locator.read<std::uint32_t>("signature") != kLocatorSignature) return std::nullopt;
  const auto disk = locator.read<std::uint32_t>("disk");
  const auto offset = locator.read<std::uint64_t>("offset of the ZIP64 record");
  if (disk != 0) locator.fail("the archive is in several parts, expected one file");
  if (offset > end - kLocatorBytes || end - kLocatorBytes - offset < kEnd64Bytes) {
    locator.fail(fmt::format("says that the ZIP64 record is at byte {}, which is not before it", offset));
  }
  const std::string bytes = read_bytes(file, offset, kEnd64Bytes);
  ByteReader record = reader_of(bytes, file, offset);
  if (record.read<std::uint32_t>("signature") != kEnd64Signature) record.fail("found no ZIP64 record");
  record.take(8 + 2 + 2, "size and versions");
  const auto this_disk = record.read<std::uint32_t>("disk"), directory_disk = record.read<std::uint32_t>("disk");
  ZipEnd directory;
  const auto entries_here = record.read<std::uint64_t>("entries");
  directory.entries = record.read<std::uint64_t>("entries");
  directory.bytes = record.read<std::uint64_t>("size of the directory");
  directory.offset = record.read<std::uint64_t>("offset of the directory");
  if (this_disk != 0 || directory_disk != 0 || entries_here != directory.entries) {
    record.fail("the archive is in several parts, expected one file");
  }
  return directory;
}

/// A value of the older record, and of ZIP64's where it does not fit or both say the same.
template <typename T>
std::uint64_t agreed(T old, T missing, std::optional<std::uint64_t> large, const ByteReader& at,
                     std::string_view what) {
  if (!large) return old;
  if (old != missing && old != *large) at.fail(fmt::format("two {}: {}, and {} by ZIP64", what, old, *large));
  return *large;
}

}  // namespace

std::string read_bytes(const InputFile& file, std::uint64_t offset, std::uint64_t count) {
  std::string bytes(static_cast<std::size_t>(count), '\0');
  file.read(offset, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

ByteReader reader_of(const std::string& bytes, const InputFile& file, std::uint64_t offset) {
  return {std::as_bytes(std::span(bytes)), file.path(), offset};
}

ZipEnd read_zip_end(const InputFile& file) {
  const std::uint64_t end = find_end(file);
  const auto large = read_end64(file, end);
  const std::string bytes = read_bytes(file, end, kEndBytes);
  ByteReader record = reader_of(bytes, file, end);
  record.take(4, "signature");
  const auto disk = record.read<std::uint16_t>("disk"), directory_disk = record.read<std::uint16_t>("disk");
  const auto entries_here = record.read<std::uint16_t>("entries"), entries = record.read<std::uint16_t>("entries");
  const auto size = record.read<std::uint32_t>("size of the directory");
  const auto offset = record.read<std::uint32_t>("offset of the directory");
  if ((disk != 0 && disk != kMissing16) || (directory_disk != 0 && directory_disk != kMissing16) ||
      entries_here != entries) {
    record.fail("the archive is in several parts, expected one file");
  }
  const auto of = [&](std::uint64_t ZipEnd::*member) { return large ? std::optional((*large).*member) : std::nullopt; };
  ZipEnd directory;
  directory.entries = agreed(entries, kMissing16, of(&ZipEnd::entries), record, "counts of entries");
  directory.bytes = agreed(size, kMissing32, of(&ZipEnd::bytes), record, "sizes of the directory");
  directory.offset = agreed(offset, kMissing32, of(&ZipEnd::offset), record, "offsets of the directory");
  if (directory.offset > end || directory.bytes > end - directory.offset) {
    record.fail(fmt::format("says that the directory is {} bytes at byte {}, beyond its own place", directory.bytes,
                            directory.offset));
  }
  if (directory.bytes > kMaxDirectoryBytes) {
    record.fail(fmt::format("has a directory of {} bytes, more than {}", directory.bytes, kMaxDirectoryBytes));
  }
  return directory;
}

}  // namespace kerf::formats::pytorch
