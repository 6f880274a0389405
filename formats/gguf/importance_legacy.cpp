#include "formats/gguf/importance_legacy.h"

#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/gguf/header_reader.h"

namespace kerf::formats::gguf {
namespace {

constexpr std::int32_t kMostEntries = 1 << 20;
constexpr std::int32_t kLongestName = 512;
constexpr std::uint64_t kSmallestEntry = 4 + 1 + 4 + 4 + 4;

std::int32_t read_number(HeaderReader& reader, std::int32_t least, std::int64_t most, std::string_view what) {
  const auto value = reader.read<std::int32_t>(what);
  if (value < least || value > most) {
    reader.fail(fmt::format("{} is {}, expected {} to {}", what, value, least, most));
  }
  return value;
}

std::string read_name(HeaderReader& reader, std::int32_t least, std::string_view what) {
  std::string name(static_cast<std::size_t>(read_number(reader, least, kLongestName, "the length of a name")), '\0');
  reader.read_bytes(std::as_writable_bytes(std::span(name)), what);
  return name;
}

ImportanceEntry read_entry(HeaderReader& reader) {
  ImportanceEntry entry;
  entry.name = read_name(reader, 1, "a name");
  if (find_invalid_utf8(entry.name)) reader.fail("the name " + quoted(entry.name) + " is not valid UTF-8");
  const std::int32_t chunks = read_number(reader, 1, INT32_MAX, "the number of chunks");
  const auto most = static_cast<std::int64_t>(reader.remaining() / sizeof(float));
  entry.sums.resize(static_cast<std::size_t>(read_number(reader, 1, most, "the number of values")));
  reader.read_bytes(std::as_writable_bytes(std::span(entry.sums)), "values");
  for (float& value : entry.sums) {
    if (!(value >= 0) || !std::isfinite(value)) {
      reader.fail(fmt::format("a value of {} is {}, expected a mean square", quoted(entry.name), value));
    }
    value *= static_cast<float>(kLegacyChunk);
  }
  entry.counts = {chunks * kLegacyChunk};
  return entry;
}

}  // namespace

bool is_legacy_importance_file(const std::string& path) {
  const auto file = InputFile::open(path);
  std::array<std::int32_t, 2> start{};
  if (file->size() < sizeof(start) + kSmallestEntry) return false;
  file->read(0, std::as_writable_bytes(std::span(start)));
  return start[0] >= 1 && start[0] <= kMostEntries && start[1] >= 1 && start[1] <= kLongestName;
}

ImportanceFile read_legacy_importance_file(const std::string& path) {
  const auto file = InputFile::open(path);
  const ReadAt read = [&](std::uint64_t offset, std::span<std::byte> into) { file->read(offset, into); };
  HeaderReader reader(read, file->size(), path);
  ImportanceFile result;
  const auto count = static_cast<std::uint64_t>(read_number(reader, 1, kMostEntries, "the number of entries"));
  reader.expect_items(count, kSmallestEntry, "entries");
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < count; ++i) {
    result.entries.push_back(read_entry(reader));
    const std::string& name = result.entries.back().name;
    if (!names.insert(name).second) reader.fail(quoted(name) + " appears twice");
  }
  if (reader.remaining() > 0) {
    result.chunks = read_number(reader, 0, INT32_MAX, "the number of chunks");
    result.datasets.push_back(read_name(reader, 0, "the name of the text"));
  }
  if (reader.remaining() > 0) reader.fail(fmt::format("{} bytes follow the last entry", reader.remaining()));
  return result;
}

}  // namespace kerf::formats::gguf
