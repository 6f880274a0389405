#include "text/lower_case.h"

#include <array>

#include <utf8proc.h>

#include "core/strings.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

/// Pairs of Unicode 16 and 17 that utf8proc 2.8 does not know (UnicodeData.txt, field 13): lower = upper + distance.
struct LowerRange {
  char32_t first, last;
  int distance;
};
constexpr std::array<LowerRange, 10> kAdditions = {{{0x1C89, 0x1C89, 1},
                                                    {0xA7CB, 0xA7CB, 0x0264 - 0xA7CB},
                                                    {0xA7CC, 0xA7CC, 1},
                                                    {0xA7CE, 0xA7CE, 1},
                                                    {0xA7D2, 0xA7D2, 1},
                                                    {0xA7D4, 0xA7D4, 1},
                                                    {0xA7DA, 0xA7DA, 1},
                                                    {0xA7DC, 0xA7DC, 0x019B - 0xA7DC},
                                                    {0x10D50, 0x10D65, 0x20},
                                                    {0x16EA0, 0x16EB8, 0x1B}}};

char32_t lower_of(char32_t c) {
  for (const auto& range : kAdditions) {
    if (c >= range.first && c <= range.last) return static_cast<char32_t>(static_cast<int>(c) + range.distance);
  }
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    at += c.bytes;
    if (c.value < 0x80) {
      out += c.value >= 'A' && c.value <= 'Z' ? static_cast<char>(c.value + ('a' - 'A')) : static_cast<char>(c.value);
    } else {
      append_utf8(out, lower_of(c.value));
      // U+0130 is the one character that becomes two: i and a dot above.
      if (c.value == 0x0130) append_utf8(out, 0x0307);
    }
  }
  return out;
}

}  // namespace kerf::text
