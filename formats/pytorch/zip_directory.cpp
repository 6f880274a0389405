#include "formats/pytorch/zip_directory.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/pytorch/zip_end.h"

namespace kerf::formats::pytorch {
namespace {

constexpr std::uint32_t kLocalSignature = 0x04034b50, kCentralSignature = 0x02014b50;
constexpr std::uint64_t kLocalBytes = 30, kCentralBytes = 46;

/// One header of the central directory.
struct Central {
  std::string name;
  std::uint64_t bytes = 0, local_offset = 0;
};

/// Sizes and offset that did not fit: in this order in the extra field of type 1, those that are missing only.
void read_extra64(std::string_view extra, std::span<std::uint64_t* const> missing, const ByteReader& at,
                  const std::string& place) {
  ByteReader fields(std::as_bytes(std::span(extra)), at.label(), at.offset());
  while (fields.remaining() >= 4) {
    const auto kind = fields.read<std::uint16_t>("extra field");
    const auto length = fields.read<std::uint16_t>("length of an extra field");
    const std::uint64_t where = fields.offset();
    ByteReader field(fields.take(length, "extra field"), at.label(), where);
    if (kind != 1) continue;
    for (std::uint64_t* value : missing) *value = field.read<std::uint64_t>("size of more than 4 GiB");
    return;
  }
  if (!missing.empty())
    throw_input(at.label(), place, "has a size of more than 4 GiB, but no ZIP64 field that says it");
}

Central read_central(ByteReader& directory) {
  if (directory.read<std::uint32_t>("signature") != kCentralSignature) directory.fail("found no directory entry");
  directory.take(2 + 2, "versions");
  const auto flags = directory.read<std::uint16_t>("flags"), method = directory.read<std::uint16_t>("method");
  directory.take(2 + 2 + 4, "time and checksum");
  std::uint64_t stored = directory.read<std::uint32_t>("size"), bytes = directory.read<std::uint32_t>("size");
  const auto name_bytes = directory.read<std::uint16_t>("length of a name");
  const auto extra_bytes = directory.read<std::uint16_t>("length of extra fields");
  const auto comment_bytes = directory.read<std::uint16_t>("length of a comment");
  directory.take(2 + 2 + 4, "disk and attributes");
  std::uint64_t offset = directory.read<std::uint32_t>("offset");
  Central entry;
  entry.name = directory.text(name_bytes, "name");
  const std::string place = fmt::format("entry {}", quoted(entry.name));
  std::vector<std::uint64_t*> missing;
  for (std::uint64_t* value : {&bytes, &stored, &offset}) {
    if (*value == kMissing32) missing.push_back(value);
  }
  read_extra64(directory.text(extra_bytes, "extra fields"), missing, directory, place);
  directory.take(comment_bytes, "comment");
  if ((flags & 1) != 0) throw_input(directory.label(), place, "is encrypted, expected it stored as it is");
  if (method != 0 || stored != bytes) {
    throw_input(directory.label(), place,
                fmt::format("is compressed (method {}, {} bytes of {}); PyTorch stores its data as it is", method,
                            stored, bytes));
  }
  entry.bytes = bytes;
  entry.local_offset = offset;
  return entry;
}

/// The place of an entry's data, behind the header that precedes it.
ZipEntry locate(const InputFile& file, const Central& central, std::uint64_t limit) {
  const std::string place = fmt::format("entry {}", quoted(central.name));
  const auto refuse = [&](std::string message) { throw_input(file.path(), place, std::move(message)); };
  if (central.local_offset > limit || limit - central.local_offset < kLocalBytes) {
    refuse(fmt::format("is said to begin at byte {}, behind the {} bytes of all entries", central.local_offset, limit));
  }
  const std::string bytes = read_bytes(file, central.local_offset, kLocalBytes);
  ByteReader header = reader_of(bytes, file, central.local_offset);
  if (header.read<std::uint32_t>("signature") != kLocalSignature) header.fail("found no entry of the archive");
  header.take(2 + 2 + 2 + 4 + 4 + 4 + 4, "versions, flags, time, checksum and sizes");
  const auto name_bytes = header.read<std::uint16_t>("length of a name");
  const auto extra_bytes = header.read<std::uint16_t>("length of extra fields");
  const std::uint64_t begin = central.local_offset + kLocalBytes + name_bytes + extra_bytes;
  if (begin > limit || central.bytes > limit - begin) {
    refuse(fmt::format("has {} bytes at byte {}, more than the {} bytes of all entries", central.bytes, begin, limit));
  }
  if (read_bytes(file, central.local_offset + kLocalBytes, name_bytes) != central.name) {
    refuse("has another name in its own header than in the directory");
  }
  return {begin, central.bytes};
}

/// No byte may belong to two entries.
void check_overlaps(std::vector<std::pair<Central, ZipEntry>>& entries, const std::string& file) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.first.local_offset < b.first.local_offset; });
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const ZipEntry& before = entries[i - 1].second;
    if (entries[i].first.local_offset >= before.offset + before.bytes) continue;
    throw_input(file, fmt::format("entry {}", quoted(entries[i].first.name)),
                fmt::format("begins inside {}", quoted(entries[i - 1].first.name)));
  }
}

}  // namespace

bool looks_like_zip(std::string_view start) { return starts_with(start, "PK\x03\x04"); }

ZipEntries read_zip_directory(const InputFile& file) {
  const ZipEnd directory = read_zip_end(file);
  const std::string bytes = read_bytes(file, directory.offset, directory.bytes);
  ByteReader reader = reader_of(bytes, file, directory.offset);
  reader.expect_items(directory.entries, kCentralBytes, "directory entries");
  std::vector<std::pair<Central, ZipEntry>> entries;
  ZipEntries result;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    Central central = read_central(reader);
    const ZipEntry entry = locate(file, central, directory.offset);
    if (!result.emplace(central.name, entry).second) {
      throw_input(file.path(), fmt::format("entry {}", quoted(central.name)), "is in the archive twice");
    }
    entries.emplace_back(std::move(central), entry);
  }
  if (reader.remaining() != 0) reader.fail("found bytes behind the last directory entry");
  check_overlaps(entries, file.path());
  return result;
}

}  // namespace kerf::formats::pytorch
