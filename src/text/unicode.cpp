#include "text/unicode.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <utf8proc.h>

#include "text/unicode_additions.h"

namespace kerf::text {
namespace {

/// nullptr: not among the additions.
const UnicodeAddition* find_addition(char32_t code_point) {
  const auto after = std::upper_bound(kUnicodeAdditions.begin(), kUnicodeAdditions.end(), code_point,
                                      [](char32_t value, const UnicodeAddition& range) { return value < range.first; });
  if (after == kUnicodeAdditions.begin()) return nullptr;
  const auto& range = *(after - 1);
  return code_point <= range.last ? &range : nullptr;
}

/// Alphabetic code points that are neither letters, letter numbers nor marks: circled and squared letters.
bool is_symbol_letter(char32_t c) {
  return (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
         (c >= 0x1F170 && c <= 0x1F189);
}

/// The bytes that may follow a lead byte: how many, and the range of the first of them (Unicode 16, table 3-7).
struct Sequence {
  std::size_t length;
  unsigned char low, high;
};

Sequence sequence_of(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead < 0xF0) {
    return {3, static_cast<unsigned char>(lead == 0xE0 ? 0xA0 : 0x80),
            static_cast<unsigned char>(lead == 0xED ? 0x9F : 0xBF)};
  }
  if (lead < 0xF5) {
    return {4, static_cast<unsigned char>(lead == 0xF0 ? 0x90 : 0x80),
            static_cast<unsigned char>(lead == 0xF4 ? 0x8F : 0xBF)};
  }
  return {0, 0, 0};
}

/// Bytes of the longest part of a well-formed sequence at the beginning of `bytes`; `whole` tells if it is complete.
std::size_t maximal_part(std::string_view bytes, bool& whole) {
  const Sequence sequence = sequence_of(static_cast<unsigned char>(bytes[0]));
  whole = sequence.length == 1;
  std::size_t taken = 1;
  while (taken < sequence.length && taken < bytes.size()) {
    const auto byte = static_cast<unsigned char>(bytes[taken]);
    const bool fits = taken == 1 ? byte >= sequence.low && byte <= sequence.high : (byte & 0xC0) == 0x80;
    if (!fits) return taken;
    ++taken;
    whole = taken == sequence.length;
  }
  return taken;
}

}  // namespace

std::string_view general_category(char32_t code_point) {
  const auto value = static_cast<utf8proc_int32_t>(code_point);
  const char* name = utf8proc_category_string(value);
  if (name[0] == 'C' && name[1] == 'n') {
    if (const UnicodeAddition* addition = find_addition(code_point)) return addition->category;
  }
  return name;
}

bool is_unicode_addition(char32_t code_point) { return find_addition(code_point) != nullptr; }

bool is_white_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_word(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  const std::string_view category = general_category(c);
  if (category[0] == 'L' || category[0] == 'M') return true;
  return category == "Nd" || category == "Nl" || category == "Pc" || c == 0x200C || c == 0x200D || is_symbol_letter(c);
}

CodePoint code_point_at(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[position + i]));
  };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), 4};
}

CodePoint last_code_point(std::string_view text) {
  std::size_t position = text.size() - 1;
  while (position > 0 && (static_cast<unsigned char>(text[position]) & 0xC0) == 0x80) --position;
  return code_point_at(text, position);
}

std::size_t white_space_at_begin(std::string_view text) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const CodePoint c = code_point_at(text, bytes);
    if (!is_white_space(c.value)) break;
    bytes += c.bytes;
  }
  return bytes;
}

std::size_t white_space_at_end(std::string_view text) {
  std::size_t left = text.size();
  while (left > 0) {
    const CodePoint c = last_code_point(text.substr(0, left));
    if (!is_white_space(c.value)) break;
    left -= c.bytes;
  }
  return text.size() - left;
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string lossy_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t position = 0; position < bytes.size();) {
    bool whole = false;
    const std::size_t length = maximal_part(bytes.substr(position), whole);
    text += whole ? bytes.substr(position, length) : std::string_view("\xEF\xBF\xBD");
    position += length;
  }
  return text;
}

}  // namespace kerf::text
