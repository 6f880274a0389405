#include "text/hygiene.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "core/strings.h"

namespace kerf::text {
namespace {

/// The first byte of a two-byte sequence as Latin-1 shows it: most of the letters with marks are behind these.
bool is_lead(char32_t c) { return c == 0xC2 || c == 0xC3; }

/// A continuation byte as Latin-1 or Windows-1252 shows it.
bool is_continuation(char32_t c) {
  constexpr std::u32string_view kWindows =
      U"\u20AC\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u017D\u2018\u2019\u201C"
      U"\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u017E\u0178";
  return (c >= 0x80 && c <= 0xBF) || kWindows.find(c) != std::u32string_view::npos;
}

/// 0xE2 0x80, which quotation marks and dashes begin with, as Windows-1252 shows them.
bool is_punctuation(char32_t first, char32_t second) { return first == 0xE2 && second == 0x20AC; }

/// 0xC3 and a continuation byte as Mac Roman shows them.
bool is_mac(char32_t first, char32_t second) {
  return first == 0x221A &&
         (second == 0xA9 || second == 0xB1 || second == 0x2202 || second == 0x2211 || second == 0xDF);
}

/// Bytes of a character of valid UTF-8, by the first of them.
std::size_t sequence_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

/// The text around an offset, from character to character.
std::string around(std::string_view utf8, std::size_t at) {
  constexpr std::size_t kBefore = 12, kAfter = 16;
  std::size_t begin = at > kBefore ? at - kBefore : 0, end = std::min(at + kAfter, utf8.size());
  while (begin > 0 && !begins_character(utf8[begin])) --begin;
  while (end < utf8.size() && !begins_character(utf8[end])) ++end;
  return std::string(utf8.substr(begin, end - begin));
}

/// A polynomial hash of each run of ids; runs of different ids have the same one once in 2^64.
template <typename Visit>
void for_each_run(std::span<const Window> windows, std::size_t length, Visit visit) {
  constexpr std::uint64_t kBase = 0x9E3779B97F4A7C15;
  for (const Window& window : windows) {
    for (std::size_t begin = 0; begin + length <= window.ids.size(); ++begin) {
      std::uint64_t hash = 0;
      for (std::size_t i = 0; i < length; ++i) {
        hash = (hash ^ static_cast<std::uint64_t>(window.ids[begin + i])) * kBase;
        hash ^= hash >> 29;
      }
      visit(hash);
    }
  }
}

}  // namespace

std::int64_t unify_line_ends(std::string& text) {
  std::int64_t lines = 0;
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return 0;
    ++lines;
  }
  if (lines == 0) return 0;
  std::size_t to = 0;
  for (std::size_t from = 0; from < text.size(); ++from) {
    if (text[from] == '\r' && from + 1 < text.size() && text[from + 1] == '\n') continue;
    text[to++] = text[from];
  }
  text.resize(to);
  return lines;
}

DoubleDecoding find_double_decoding(std::string_view utf8) {
  DoubleDecoding found;
  char32_t before = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const std::size_t length = sequence_length(utf8[at]);
    // Most characters are no candidates: only pairs of others are looked at.
    const char32_t c = length == 1 ? 0 : decode_utf8(utf8.substr(at, length)).front();
    const bool is_place = (is_lead(before) && is_continuation(c)) || is_punctuation(before, c) || is_mac(before, c);
    if (is_place && found.places++ == 0) found.sample = around(utf8, at);
    before = is_place ? 0 : c;
    at += length;
  }
  return found;
}

double overlap_share(std::span<const Window> windows, std::span<const Window> others, std::size_t length) {
  std::unordered_set<std::uint64_t> known;
  for_each_run(others, length, [&](std::uint64_t hash) { known.insert(hash); });
  std::int64_t total = 0, shared = 0;
  for_each_run(windows, length, [&](std::uint64_t hash) {
    ++total;
    shared += known.contains(hash);
  });
  return total == 0 ? 0 : static_cast<double>(shared) / static_cast<double>(total);
}

}  // namespace kerf::text
