#include "text/jinja/python_text.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <utf8proc.h>

#include "core/strings.h"
#include "text/unicode.h"

namespace kerf::text::jinja {
namespace {

template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    visit(c.value, text.substr(at, c.bytes));
    at += c.bytes;
  }
}

bool is_stripped(char32_t c, const std::optional<std::u32string>& set) {
  return set ? set->find(c) != std::u32string::npos : is_space(c);
}

std::optional<std::u32string> decoded(const std::optional<std::string>& set) {
  return set ? std::optional(decode_utf8(*set)) : std::nullopt;
}

char32_t simple_upper(char32_t c) { return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))); }
char32_t simple_lower(char32_t c) { return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))); }
char32_t simple_title(char32_t c) { return static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))); }
bool is_cased(char32_t c) { return simple_upper(c) != c || simple_lower(c) != c || c == 0xDF; }

void append_upper(std::string& out, char32_t c) {
  if (c == 0xDF) {
    out += "SS";
  } else {
    append_utf8(out, simple_upper(c));
  }
}

/// What str.splitlines() takes for the end of a line.
bool ends_line(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  const std::string_view category = general_category(c);
  return category.front() != 'C' && category.front() != 'Z';
}

void append_escaped(std::string& out, char32_t c) {
  const auto number = static_cast<std::uint32_t>(c);
  out += c < 0x100     ? fmt::format("\\x{:02x}", number)
         : c < 0x10000 ? fmt::format("\\u{:04x}", number)
                       : fmt::format("\\U{:08x}", number);
}

}  // namespace

std::int64_t length(std::string_view text) { return static_cast<std::int64_t>(count_code_points(text)); }

std::size_t offset_of(std::string_view text, std::int64_t character) {
  std::size_t at = 0;
  for (; character > 0 && at < text.size(); --character) at += code_point_at(text, at).bytes;
  return at;
}

std::string slice(std::string_view text, std::int64_t begin, std::int64_t end, std::int64_t step) {
  if (step == 1) {
    if (end <= begin) return "";
    const std::size_t from = offset_of(text, begin);
    return std::string(text.substr(from, offset_of(text.substr(from), end - begin)));
  }
  const std::u32string all = decode_utf8(text);
  std::string out;
  for (std::int64_t at = begin; step > 0 ? at < end : at > end; at += step) {
    append_utf8(out, all[static_cast<std::size_t>(at)]);
  }
  return out;
}

std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> result;
  for_each_character(text, [&](char32_t, std::string_view bytes) { result.emplace_back(bytes); });
  return result;
}

bool is_space(char32_t c) { return is_white_space(c) || (c >= 0x1C && c <= 0x1F); }

std::string_view strip_left(std::string_view text, const std::optional<std::string>& set) {
  const auto wanted = decoded(set);
  while (!text.empty()) {
    const CodePoint c = code_point_at(text, 0);
    if (!is_stripped(c.value, wanted)) break;
    text.remove_prefix(c.bytes);
  }
  return text;
}

std::string_view strip_right(std::string_view text, const std::optional<std::string>& set) {
  const auto wanted = decoded(set);
  while (!text.empty()) {
    const CodePoint c = last_code_point(text);
    if (!is_stripped(c.value, wanted)) break;
    text.remove_suffix(c.bytes);
  }
  return text;
}

std::vector<std::string> split_spaces(std::string_view text, std::int64_t limit) {
  std::vector<std::string> parts;
  for (text = strip_left(text, std::nullopt); !text.empty(); text = strip_left(text, std::nullopt)) {
    if (limit >= 0 && std::ssize(parts) == limit) {
      parts.emplace_back(text);
      break;
    }
    std::size_t end = 0;
    while (end < text.size() && !is_space(code_point_at(text, end).value)) end += code_point_at(text, end).bytes;
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

std::vector<std::string> split_spaces_right(std::string_view text, std::int64_t limit) {
  std::vector<std::string> parts;
  for (text = strip_right(text, std::nullopt); !text.empty(); text = strip_right(text, std::nullopt)) {
    if (limit >= 0 && std::ssize(parts) == limit) {
      parts.emplace_back(text);
      break;
    }
    std::size_t begin = text.size();
    while (begin > 0 && !is_space(last_code_point(text.substr(0, begin)).value)) {
      begin -= last_code_point(text.substr(0, begin)).bytes;
    }
    parts.emplace_back(text.substr(begin));
    text = text.substr(0, begin);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> split_at(std::string_view text, std::string_view separator, std::int64_t limit) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end =
        limit >= 0 && std::ssize(parts) >= limit ? std::string_view::npos : text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + separator.size();
  }
}

std::vector<std::string> split_at_right(std::string_view text, std::string_view separator, std::int64_t limit) {
  std::vector<std::string> parts;
  for (;;) {
    // A separator must end before the part that was cut off.
    const bool is_done = (limit >= 0 && std::ssize(parts) >= limit) || text.size() < separator.size();
    const std::size_t at = is_done ? std::string_view::npos : text.rfind(separator);
    if (at == std::string_view::npos) break;
    parts.emplace_back(text.substr(at + separator.size()));
    text = text.substr(0, at);
  }
  parts.emplace_back(text);
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    if (!ends_line(c.value)) {
      at += c.bytes;
      continue;
    }
    std::size_t end = at + c.bytes;
    if (c.value == '\r' && end < text.size() && text[end] == '\n') ++end;
    lines.emplace_back(text.substr(begin, (keep_ends ? end : at) - begin));
    begin = at = end;
  }
  if (begin < text.size()) lines.emplace_back(text.substr(begin));
  return lines;
}

std::string upper(std::string_view text) {
  std::string out;
  for_each_character(text, [&](char32_t c, std::string_view) { append_upper(out, c); });
  return out;
}

std::string lower(std::string_view text) {
  std::string out;
  for_each_character(text, [&](char32_t c, std::string_view) { append_utf8(out, simple_lower(c)); });
  return out;
}

std::string title(std::string_view text) {
  std::string out;
  bool in_word = false;
  for_each_character(text, [&](char32_t c, std::string_view) {
    append_utf8(out, in_word ? simple_lower(c) : simple_title(c));
    in_word = is_cased(c);
  });
  return out;
}

std::string capitalize(std::string_view text) {
  if (text.empty()) return "";
  const CodePoint first = code_point_at(text, 0);
  std::string out;
  append_utf8(out, simple_title(first.value));
  return out + lower(text.substr(first.bytes));
}

bool all_of(std::string_view text, bool (*is)(char32_t)) {
  bool all = !text.empty();
  for_each_character(text, [&](char32_t c, std::string_view) { all = all && is(c); });
  return all;
}

bool is_alphabetic(char32_t c) { return general_category(c).front() == 'L'; }
bool is_decimal(char32_t c) { return general_category(c) == "Nd"; }

bool is_upper(std::string_view text) {
  bool any = false, all = true;
  for_each_character(text, [&](char32_t c, std::string_view) {
    any = any || is_cased(c);
    all = all && (!is_cased(c) || simple_upper(c) == c) && c != 0xDF;
  });
  return any && all;
}

bool is_lower(std::string_view text) {
  bool any = false, all = true;
  for_each_character(text, [&](char32_t c, std::string_view) {
    any = any || is_cased(c);
    all = all && (!is_cased(c) || simple_lower(c) == c);
  });
  return any && all;
}

std::string text_repr(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for_each_character(text, [&](char32_t c, std::string_view bytes) {
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out += '\\';
      out += bytes;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      out += bytes;
    } else {
      append_escaped(out, c);
    }
  });
  return out + quote;
}

std::string real_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::int64_t Range::count() const {
  if (step > 0) return end > begin ? (end - begin - 1) / step + 1 : 0;
  return begin > end ? (begin - end - 1) / -step + 1 : 0;
}

Range slice_range(std::int64_t length, std::optional<std::int64_t> begin, std::optional<std::int64_t> end,
                  std::int64_t step) {
  const std::int64_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? length : length - 1;
  const auto placed = [&](std::int64_t at) {
    return std::clamp(at < 0 ? std::max(at + length, lowest) : at, lowest, highest);
  };
  return {.begin = begin ? placed(*begin) : (step > 0 ? 0 : length - 1),
          .end = end ? placed(*end) : (step > 0 ? length : -1),
          .step = step};
}

}  // namespace kerf::text::jinja
