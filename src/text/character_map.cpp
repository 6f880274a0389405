#include "text/character_map.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::text {
namespace {

/// The largest known one has 0.3 MB; checking takes time in proportion.
constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
constexpr std::size_t kUnitBytes = 4;

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = kUnitBytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::uint32_t offset_of(std::uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
bool ends_string(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
std::uint32_t value_of(std::uint32_t unit) { return unit & 0x7FFFFFFF; }

}  // namespace

CharacterMap::CharacterMap(std::string_view bytes, const JsonCursor& where) {
  read(bytes, where);
  if (find_invalid_utf8(replacements_)) where.fail("the replacements of the character map are not valid UTF-8");
  check_paths(where);
}

void CharacterMap::read(std::string_view bytes, const JsonCursor& where) {
  if (bytes.size() > kMaxBytes) {
    where.fail(fmt::format("found a character map of {}, expected at most {}", human_bytes(bytes.size()),
                           human_bytes(kMaxBytes)));
  }
  if (bytes.size() < 2 * kUnitBytes) where.fail("found a character map without a table");
  const std::uint32_t table_bytes = little_endian(bytes);
  bytes.remove_prefix(kUnitBytes);
  if (table_bytes == 0 || table_bytes % kUnitBytes != 0 || table_bytes > bytes.size()) {
    where.fail(
        fmt::format("the table of the character map has {} bytes, expected a multiple of {} up to the {} that follow",
                    table_bytes, kUnitBytes, bytes.size()));
  }
  units_.resize(table_bytes / kUnitBytes);
  for (std::size_t i = 0; i < units_.size(); ++i) units_[i] = little_endian(bytes.substr(i * kUnitBytes));
  replacements_ = bytes.substr(table_bytes);
}

const std::uint32_t* CharacterMap::step(std::uint32_t state, unsigned char byte) const {
  constexpr std::uint32_t kLabel = 0x800000FF;
  const std::size_t at = state ^ byte;
  if (at >= units_.size() || (units_[at] & kLabel) != byte) return nullptr;
  return &units_[at];
}

std::optional<std::string_view> CharacterMap::find(std::string_view text) const {
  std::uint32_t state = offset_of(units_[0]);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const std::uint32_t* unit = byte == 0 ? nullptr : step(state, byte);
    if (unit == nullptr) return std::nullopt;
    state ^= byte ^ offset_of(*unit);
    if (!ends_string(*unit)) continue;
    const std::string_view rest = std::string_view(replacements_).substr(value_of(units_[state]));
    return rest.substr(0, rest.find('\0'));
  }
  return std::nullopt;
}

void CharacterMap::check_replacement(std::uint32_t state, const JsonCursor& where) const {
  const std::uint32_t value = value_of(units_[state]);
  if (value >= replacements_.size()) {
    where.fail(fmt::format("the character map has a replacement at byte {} of {}", value, replacements_.size()));
  }
  if ((static_cast<unsigned char>(replacements_[value]) & 0xC0) == 0x80) {
    where.fail(fmt::format("the character map has a replacement at byte {}, inside of a character", value));
  }
}

void CharacterMap::check_paths(const JsonCursor& where) const {
  // States may be shared by several paths, but none may lead back to itself.
  enum : std::uint8_t { kNew, kOpen, kDone };
  std::vector<std::uint8_t> marks(units_.size(), kNew);
  struct Visit {
    std::uint32_t state;
    std::uint32_t next_byte = 1;
  };
  std::vector<Visit> path;
  const auto enter = [&](std::uint32_t state) {
    if (state >= units_.size()) {
      where.fail(fmt::format("the table of the character map leads to unit {} of {}", state, units_.size()));
    }
    if (marks[state] == kOpen) where.fail("the table of the character map leads in a circle");
    if (marks[state] == kNew) path.push_back({state});
    if (marks[state] == kNew) marks[state] = kOpen;
  };
  enter(offset_of(units_[0]));
  while (!path.empty()) {
    Visit& visit = path.back();
    if (visit.next_byte > 255) {
      marks[visit.state] = kDone;
      path.pop_back();
      continue;
    }
    const auto byte = static_cast<unsigned char>(visit.next_byte++);
    const std::uint32_t* unit = step(visit.state, byte);
    if (unit == nullptr) continue;
    const std::uint32_t next = visit.state ^ byte ^ offset_of(*unit);
    enter(next);
    if (ends_string(*unit)) check_replacement(next, where);
  }
}

}  // namespace kerf::text
