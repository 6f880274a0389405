#include "tests/oracle/texts.h"

#include <array>
#include <map>
#include <string_view>

#include "core/strings.h"
#include "text/unicode.h"

namespace kerf::test {
namespace {

constexpr std::array<std::string_view, 24> kSpaces = {" ",      " ",      " ",      " ",      "\n",     "\n",
                                                      "\t",     "\r",     "\r\n",   "\v",     "\f",     "\x1c",
                                                      "\u0085", "\u00a0", "\u1680", "\u2003", "\u200a", "\u2028",
                                                      "\u202f", "\u205f", "\u3000", "\u180e", "\u200b", "\u2581"};
constexpr std::array<std::string_view, 9> kCode = {"def f(x):\n    return x ** 2\n",
                                                   "for (int i = 0; i < n; ++i) {\n\ta[i] += b[i] * 1e-5f;\n}\n",
                                                   "SELECT * FROM t WHERE a >= 10 AND b != 'x';",
                                                   "{\"key\": [1, 2.5, null, true], \"k\\u00e9\": \"v\\n\"}",
                                                   "<div class=\"a b\">&nbsp;&amp;</div>",
                                                   "    \t  if x:\n\n\n\t\t\tpass",
                                                   "https://example.org/a/b?c=d&e=%20#f",
                                                   "x86_64-linux-gnu-g++ -O3 -o a.out *.c",
                                                   "// ====== \u2500\u2500\u2500 ======"};
constexpr std::u32string_view kBases =
    U"aeiouAEOUnNsS>=<\u0915\u0e01\u3042\uac00\u00e9\u1100\u1ebf\u212b\u0391\u304b\u30ab\uff76";
constexpr std::string_view kPunctuation = ".,;:!?()[]{}<>|/\\@#$%^&*-+=_~`\"'";

std::string utf8(char32_t c) {
  std::string text;
  append_utf8(text, c);
  return text;
}

}  // namespace

Texts::Texts(std::u32string prose, std::vector<std::string> specials, std::uint32_t seed)
    : random_(seed), prose_(std::move(prose)), specials_(std::move(specials)) {
  std::map<char32_t, std::u32string> blocks;
  for (char32_t c = 1; c < 0x110000; ++c) {
    const std::string_view category = text::general_category(c);
    if (category == "Cn" || category == "Cs" || category == "Co") continue;
    // Of the long runs of ideographs and syllables every sixteenth block will do.
    const bool is_long = (c >= 0x3400 && c < 0xd800) || (c >= 0x17000 && c < 0x1b000) || c >= 0x20000;
    if (!is_long || (c >> 7) % 16 == 0) blocks[c >> 7] += c;
    if (category[0] == 'M') marks_ += c;
    if (category[0] == 'N') digits_ += c;
  }
  for (auto& [key, block] : blocks) blocks_.push_back(std::move(block));
}

std::string Texts::prose(std::uint32_t most_characters) {
  const std::size_t length = 1 + below(most_characters);
  const std::size_t begin = below(static_cast<std::uint32_t>(prose_.size() - length));
  std::string text;
  for (const char32_t c : std::u32string_view(prose_).substr(begin, length)) append_utf8(text, c);
  return text;
}

std::string Texts::block() {
  const std::u32string& characters = pick(blocks_);
  return repeat(8, [&] { return repeat(7, [&] { return utf8(pick(characters)); }) + (chance(60) ? " " : ""); });
}

std::string Texts::marked() {
  return utf8(pick(kBases)) + (chance(80) ? repeat(5, [&] { return utf8(pick(marks_)); }) : "");
}

std::string Texts::number() {
  switch (below(4)) {
    case 0:
      return repeat(25, [&] { return std::to_string(below(10)); });
    case 1:
      return repeat(6, [&] { return utf8(pick(digits_)); });
    case 2:
      return std::to_string(below(1000000)) + "." + std::to_string(below(1000000)) + "e-" + std::to_string(below(400));
    default:
      return std::to_string(below(10000)) + "," + std::to_string(100 + below(900)) + (chance(50) ? "," : "%");
  }
}

std::string Texts::emoji() {
  constexpr std::array<char32_t, 10> kJoined = {0x200d,  0x200d, 0xfe0f,  0xfe0e,  0x1f3fb,
                                                0x1f3ff, 0x20e3, 0x1f1e6, 0x1f1ff, 0xe0067};
  return repeat(4, [&] { return utf8(0x1f300 + below(0x380)) + (chance(60) ? utf8(pick(kJoined)) : ""); });
}

std::string Texts::control() {
  constexpr std::array<char32_t, 14> kOthers = {0x7f,   0xad,   0x200c, 0x200d,  0x200e, 0x202e,   0x2066,
                                                0xfeff, 0xfffd, 0xfffe, 0x1ffff, 0xe001, 0x10ffff, 0xe0001};
  const auto which = below(3);
  return utf8(which == 0 ? below(32) : which == 1 ? 0x80 + below(32) : pick(kOthers));
}

std::string Texts::near_special() {
  const std::string& special = pick(specials_);
  switch (below(8)) {
    case 0:
      return special.substr(0, special.size() - text::last_code_point(special).bytes);
    case 1:
      return special.substr(text::code_point_at(special, 0).bytes);
    case 2:
      return special + special;
    case 3:
      return " " + special + " ";
    case 4:
      return "a" + special + "b";
    case 5:
      return "\u00e9" + special + "\u0301";
    default:
      return special;
  }
}

std::string Texts::word() {
  switch (below(12)) {
    case 0:
    case 1:
      return prose(12);
    case 2:
      return utf8(pick(pick(blocks_)));
    case 3:
      return number();
    case 4:
      return marked();
    case 5:
      return emoji();
    case 6:
      return near_special();
    case 7:
      return repeat(9, [&] { return std::string(pick(kSpaces)); });
    case 8:
      return control();
    case 9:
      return std::string(pick(kCode));
    case 10:
      return std::string(1, pick(kPunctuation));
    default:
      return " ";
  }
}

std::string Texts::next() {
  switch (below(10)) {
    case 0:
      return block();
    case 1:
      return prose(400);
    case 2:
      return repeat(12, [&] { return marked(); });
    case 3:
      return repeat(20, [&] { return chance(50) ? control() : "a "; });
    case 4:
      return repeat(40, [&] { return std::string(pick(kSpaces)); }) + (chance(50) ? "x" : "");
    case 5:
      return repeat(8, [&] { return prose(6) + repeat(6, [&] { return std::string(pick(kSpaces)); }); });
    case 6:
      return repeat(5, [&] { return near_special() + (chance(50) ? std::string(pick(kSpaces)) : prose(5)); });
    case 7: {
      const std::string again = word();
      return repeat(40, [&] { return again; });
    }
    default:
      return repeat(12, [&] { return word(); });
  }
}

}  // namespace kerf::test
