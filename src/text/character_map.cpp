#include "text/character_map.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::text {
namespace {

/// The largest known one has 0.3 MB; checking takes time in proportion.
constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
constexpr std::size_t kUnitBytes = 4;
/// Bytes of a string that the map replaces; those of the usual rules have less than 20.
constexpr std::size_t kLongestString = 1024;

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = kUnitBytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::uint32_t offset_of(std::uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
bool ends_string(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
std::uint32_t value_of(std::uint32_t unit) { return unit & 0x7FFFFFFF; }

}  // namespace

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

template <typename OnPrefix>
void CharacterMap::find_prefixes(std::string_view text, OnPrefix on_prefix) const {
  std::uint32_t state = offset_of(units_[0]);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::uint32_t* unit = byte == 0 ? nullptr : step(state, byte);
    if (unit == nullptr) return;
    state ^= byte ^ offset_of(*unit);
    if (ends_string(*unit) && !on_prefix(at + 1, state)) return;
  }
}

std::string_view CharacterMap::replacement(std::uint32_t state) const {
  const std::string_view rest = std::string_view(replacements_).substr(value_of(units_[state]));
  return rest.substr(0, rest.find('\0'));
}

std::optional<std::string_view> CharacterMap::find(std::string_view text) const {
  std::optional<std::string_view> found;
  find_prefixes(text, [&](std::size_t, std::uint32_t state) {
    found = replacement(state);
    return false;
  });
  return found;
}

CharacterMap::Match CharacterMap::longest_prefix(std::string_view text) const {
  std::size_t longest = 0;
  std::uint32_t state_there = 0;
  find_prefixes(text, [&](std::size_t bytes, std::uint32_t state) {
    longest = bytes;
    state_there = state;
    return true;
  });
  if (longest == 0) return {};
  return {longest, replacement(state_there)};
}

/// Follows every way through the table once: whatever a text holds, a look-up stays inside and ends.
class CharacterMap::PathCheck {
 public:
  PathCheck(const CharacterMap& map, const JsonCursor& where) : map_(map), where_(where), states_(map.units_.size()) {}

  void run() {
    enter(offset_of(map_.units_[0]));
    while (!path_.empty()) {
      Visit& visit = path_.back();
      if (visit.next_byte > 255) {
        leave();
        continue;
      }
      const auto byte = static_cast<unsigned char>(visit.next_byte++);
      const std::uint32_t* unit = map_.step(visit.state, byte);
      if (unit == nullptr) continue;
      const std::uint32_t next = visit.state ^ byte ^ offset_of(*unit);
      enter(next);
      if (ends_string(*unit)) check_replacement(next);
    }
  }

 private:
  /// States may be shared by several paths, but none may lead back to itself.
  enum class Mark : std::uint8_t { kNew, kOpen, kDone };
  struct State {
    Mark mark = Mark::kNew;
    std::uint16_t bytes_below = 0;  ///< of the longest way on
  };
  struct Visit {
    std::uint32_t state;
    std::uint32_t next_byte = 1;
  };

  void enter(std::uint32_t state) {
    if (state >= states_.size()) {
      where_.fail(fmt::format("the table of the character map leads to unit {} of {}", state, states_.size()));
    }
    if (states_[state].mark == Mark::kOpen) where_.fail("the table of the character map leads in a circle");
    if (states_[state].mark == Mark::kDone) {
      count(states_[state].bytes_below);
    } else {
      states_[state].mark = Mark::kOpen;
      path_.push_back({state});
    }
  }

  void leave() {
    State& done = states_[path_.back().state];
    done.mark = Mark::kDone;
    path_.pop_back();
    count(done.bytes_below);
  }

  /// Tells the state above what lies below it.
  void count(std::uint16_t bytes_below) {
    if (path_.empty()) return;
    if (bytes_below >= kLongestString) {
      where_.fail(fmt::format("the character map replaces a string of more than {} bytes", kLongestString));
    }
    std::uint16_t& above = states_[path_.back().state].bytes_below;
    above = std::max(above, static_cast<std::uint16_t>(bytes_below + 1));
  }

  void check_replacement(std::uint32_t state) const {
    const std::uint32_t value = value_of(map_.units_[state]);
    if (value >= map_.replacements_.size()) {
      where_.fail(
          fmt::format("the character map has a replacement at byte {} of {}", value, map_.replacements_.size()));
    }
    if ((static_cast<unsigned char>(map_.replacements_[value]) & 0xC0) == 0x80) {
      where_.fail(fmt::format("the character map has a replacement at byte {}, inside of a character", value));
    }
  }

  const CharacterMap& map_;
  const JsonCursor& where_;
  std::vector<State> states_;
  std::vector<Visit> path_;
};

CharacterMap::CharacterMap(std::string_view bytes, const JsonCursor& where) {
  read(bytes, where);
  if (find_invalid_utf8(replacements_)) where.fail("the replacements of the character map are not valid UTF-8");
  PathCheck(*this, where).run();
}

}  // namespace kerf::text
