#include "text/unicode_form.h"

#include <algorithm>
#include <array>
#include <vector>

#include <utf8proc.h>

#include "core/strings.h"
#include "text/pieces.h"
#include "text/unicode.h"
#include "text/unicode_additions.h"

namespace kerf::text {
namespace {

/// Code points of Unicode 10 to 14 that combine or decompose (UnicodeData.txt, fields 3 and 5; kUnicodeAdditions has
/// those of later versions), and U+11930, which composes with one of them.
constexpr std::array<CodePointRange, 42> kOpaque = {{
    {0x07FD, 0x07FD},   {0x0898, 0x089F},   {0x08CA, 0x08D3},   {0x09FE, 0x09FE},   {0x0C3C, 0x0C3C},
    {0x0D3B, 0x0D3C},   {0x0EBA, 0x0EBA},   {0x1715, 0x1715},   {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},
    {0x32FF, 0x32FF},   {0xA7F2, 0xA7F4},   {0xA82C, 0xA82C},   {0xAB69, 0xAB69},   {0x10781, 0x10785},
    {0x10787, 0x107B0}, {0x107B2, 0x107BA}, {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC}, {0x10F46, 0x10F50},
    {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E}, {0x11839, 0x1183A},
    {0x11930, 0x11930}, {0x11938, 0x11938}, {0x1193D, 0x1193E}, {0x11943, 0x11943}, {0x119E0, 0x119E0},
    {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42}, {0x11D44, 0x11D45},
    {0x11D97, 0x11D97}, {0x16FF0, 0x16FF1}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF},
    {0x1F16C, 0x1F16C}, {0x1FBF0, 0x1FBF9},
}};

/// Ranges whose code points are in NFC, combine with nothing before them and make up most text. (A mark after one of
/// them may compose with it: so the last one before other text is normalized together with that.)
constexpr std::array<CodePointRange, 6> kSettled = {
    {{0x0000, 0x02FF}, {0x0400, 0x0482}, {0x3041, 0x3098}, {0x30A1, 0x30FA}, {0x3400, 0x9FFF}, {0xAC00, 0xD7A3}}};

bool is_settled(char32_t c, UnicodeForm form) { return c < 0x80 || (form == UnicodeForm::kNfc && is_in(kSettled, c)); }
bool is_opaque(char32_t c) { return is_in(kOpaque, c) || is_unicode_addition(c); }

utf8proc_option_t options_of(UnicodeForm form) {
  const bool compose = form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc;
  const bool compatible = form == UnicodeForm::kNfkc || form == UnicodeForm::kNfkd;
  return static_cast<utf8proc_option_t>(UTF8PROC_STABLE | (compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE) |
                                        (compatible ? UTF8PROC_COMPAT : 0));
}

class FormWriter {
 public:
  explicit FormWriter(UnicodeForm form) : options_(options_of(form)) {}

  /// Appends the form of `segment`, which neither combines with what is before it nor with what follows.
  void append(std::string_view segment, std::string& out) {
    decompose(segment);
    sort_marks();
    auto length = static_cast<utf8proc_ssize_t>(buffer_.size());
    if ((options_ & UTF8PROC_COMPOSE) != 0) length = utf8proc_normalize_utf32(buffer_.data(), length, options_);
    for (utf8proc_ssize_t i = 0; i < length; ++i) {
      append_utf8(out, static_cast<char32_t>(buffer_[static_cast<std::size_t>(i)]));
    }
    check_text_size(out.size());
  }

 private:
  void decompose(std::string_view segment) {
    buffer_.clear();
    std::array<utf8proc_int32_t, 32> expansion{};
    for (std::size_t at = 0; at < segment.size();) {
      const CodePoint c = code_point_at(segment, at);
      at += c.bytes;
      int boundary = 0;
      const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c.value), expansion.data(),
                                                 static_cast<utf8proc_ssize_t>(expansion.size()), options_, &boundary);
      buffer_.insert(buffer_.end(), expansion.begin(), expansion.begin() + count);
    }
  }

  /// The canonical ordering. utf8proc's own takes quadratic time on long runs of marks.
  void sort_marks() {
    const auto rank = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
    for (auto begin = buffer_.begin(); begin != buffer_.end();) {
      auto end = begin;
      while (end != buffer_.end() && rank(*end) != 0) ++end;
      if (end - begin > 1) std::stable_sort(begin, end, [&](auto a, auto b) { return rank(a) < rank(b); });
      begin = end == begin ? end + 1 : end;
    }
  }

  utf8proc_option_t options_;
  std::vector<utf8proc_int32_t> buffer_;
};

}  // namespace

void normalize_unicode(std::string& text, UnicodeForm form) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return;
  FormWriter writer(form);
  std::string out;
  out.reserve(text.size());
  const std::string_view all = text;
  std::size_t copied = 0;  // what is before this is in `out`
  std::size_t base = 0;    // the settled character that a mark at `at` would compose with; `at` if there is none
  for (std::size_t at = 0; at < all.size();) {
    const CodePoint c = code_point_at(all, at);
    if (is_settled(c.value, form)) {
      base = at;
      at += c.bytes;
      continue;
    }
    out += all.substr(copied, base - copied);
    std::size_t end = at;
    while (end < all.size()) {
      const CodePoint next = code_point_at(all, end);
      if (is_settled(next.value, form) || is_opaque(next.value)) break;
      end += next.bytes;
    }
    writer.append(all.substr(base, end - base), out);
    if (end < all.size() && is_opaque(code_point_at(all, end).value)) {
      const std::size_t bytes = code_point_at(all, end).bytes;
      out += all.substr(end, bytes);
      end += bytes;
    }
    copied = base = at = end;
  }
  out += all.substr(copied);
  text = std::move(out);
}

}  // namespace kerf::text
