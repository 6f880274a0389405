// Text to Json (RFC 8259). A file may hold millions of short strings (vocabularies do), so that each is looked at once.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "core/strings.h"

namespace kerf {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kShownBytes = 20;

/// Line and column of an offset, both from 1.
std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t last = before.rfind('\n');
  const std::size_t column = 1 + before.size() - (last == std::string_view::npos ? 0 : last + 1);
  return fmt::format("line {}, column {}", line, column);
}

/// Bytes that end a run of ordinary characters in a string: the quote, the backslash, and what must be escaped.
constexpr std::array<bool, 256> make_string_ends() {
  std::array<bool, 256> ends{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) ends[byte] = true;
  ends['"'] = ends['\\'] = true;
  return ends;
}
constexpr std::array<bool, 256> kStringEnds = make_string_ends();

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The text is valid UTF-8 and has no zero byte: peek() gives one at its end.
class JsonParser {
 public:
  JsonParser(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  Json run() {
    Json root = value(0);
    skip_space();
    if (at_ < text_.size()) fail_syntax();
    return root;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') ++at_;
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    skip_space();
    if (!take(c)) fail_syntax();
  }

  Json value(int depth) {
    skip_space();
    switch (peek()) {
      case '{':
        return object(depth + 1);
      case '[':
        return array(depth + 1);
      case '"':
        return Json(string());
      case 't':
        return word("true", Json(true));
      case 'f':
        return word("false", Json(false));
      case 'n':
        return word("null", Json());
      default:
        return number();
    }
  }

  Json word(std::string_view name, Json value) {
    if (!starts_with(text_.substr(at_), name)) fail_syntax();
    at_ += name.size();
    return value;
  }

  void check_depth(int depth) const {
    if (depth > kMaxDepth) throw_input(file_, "", fmt::format("nested deeper than {} levels", kMaxDepth));
  }

  /// How many entries a container that began at `begin` should have room for: as many as there would be if it went on
  /// to the end of the text like this, within bounds. (Memory that is only reserved costs nothing, copying it does.)
  std::size_t expected_count(std::size_t count, std::size_t begin) const {
    constexpr std::size_t kSmall = 4096, kLargestStep = 8;
    if (count < kSmall) return std::max<std::size_t>(2 * count, 2);
    const std::size_t bytes_each = std::max<std::size_t>((at_ - begin) / count, 1);
    return std::clamp(count + (text_.size() - at_) / bytes_each + kSmall, 2 * count, kLargestStep * count);
  }

  Json array(int depth) {
    check_depth(depth);
    const std::size_t begin = at_++;
    Json::Array items;
    skip_space();
    if (take(']')) return Json(std::move(items));
    do {
      if (items.size() == items.capacity()) items.reserve(expected_count(items.size(), begin));
      items.push_back(value(depth));
      skip_space();
    } while (take(','));
    expect(']');
    return Json(std::move(items));
  }

  Json object(int depth) {
    check_depth(depth);
    const std::size_t begin = at_++;
    Json::Object members;
    skip_space();
    if (take('}')) return Json(std::move(members));
    do {
      skip_space();
      if (peek() != '"') fail_syntax();
      std::string key = string();
      expect(':');
      Json member = value(depth);
      if (members.size() == members.capacity()) members.reserve(expected_count(members.size(), begin));
      if (!members.append(std::move(key), std::move(member))) {
        throw_input(file_, "", "key " + quoted(key) + " appears twice");
      }
      skip_space();
    } while (take(','));
    expect('}');
    return Json(std::move(members));
  }

  std::string string() {
    ++at_;
    std::string out;
    for (;;) {
      const std::size_t begin = at_;
      while (at_ < text_.size() && !kStringEnds[static_cast<unsigned char>(text_[at_])]) ++at_;
      out.append(text_, begin, at_ - begin);
      if (take('"')) return out;
      if (peek() != '\\') fail_syntax();
      ++at_;
      escape(out);
    }
  }

  void escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    if (take('u')) return append_utf8(out, unicode_escape());
    const std::size_t which = peek() == '\0' ? std::string_view::npos : kNames.find(peek());
    if (which == std::string_view::npos) fail_syntax();
    out += kMeanings[which];
    ++at_;
  }

  /// What follows \u, with the second half of a pair of surrogates.
  char32_t unicode_escape() {
    const std::size_t begin = at_;
    const char32_t first = four_digits();
    if (first < 0xD800 || first > 0xDFFF) return first;
    if (first < 0xDC00 && take('\\') && take('u')) {
      const char32_t second = four_digits();
      if (second >= 0xDC00 && second <= 0xDFFF) return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    }
    at_ = begin;
    fail_syntax();
  }

  char32_t four_digits() {
    char32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const int digit = hexadecimal(peek());
      if (digit < 0) fail_syntax();
      code = code << 4 | static_cast<char32_t>(digit);
    }
    return code;
  }

  void digits() {
    if (!is_digit(peek())) fail_syntax();
    while (is_digit(peek())) ++at_;
  }

  Json number() {
    const std::size_t begin = at_;
    const bool is_negative = take('-');
    if (!take('0')) digits();
    const std::size_t integer_end = at_;
    if (take('.')) digits();
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      digits();
    }
    const std::string_view all = text_.substr(begin, at_ - begin);
    if (at_ == integer_end) {
      std::int64_t negative = 0;
      std::uint64_t positive = 0;
      if (is_negative ? read(all, negative) : read(all, positive)) return is_negative ? Json(negative) : Json(positive);
    }
    double real = 0;
    if (read(all, real)) return Json(real);
    // What is too small for a double is zero.
    if (!is_tiny(all)) throw_input(file_, "", "number " + quoted(all) + " is out of range");
    return Json(is_negative ? -0.0 : 0.0);
  }

  template <typename Number>
  static bool read(std::string_view all, Number& number) {
    const auto result = std::from_chars(all.data(), all.data() + all.size(), number);
    return result.ec == std::errc() && result.ptr == all.data() + all.size();
  }

  /// Is a number that no double holds smaller than all of them, or larger?
  static bool is_tiny(std::string_view all) {
    if (all[0] == '-') all.remove_prefix(1);
    const std::size_t e = std::min(all.find_first_of("eE"), all.size());
    std::int64_t exponent = 0;
    if (e < all.size() && !read(all.substr(e + (all[e + 1] == '+' ? 2 : 1)), exponent)) return all[e + 1] == '-';
    const std::string_view mantissa = all.substr(0, e);
    // Digits before the point, or else zeros after it.
    const auto digits = mantissa[0] == '0' ? 2 - static_cast<std::int64_t>(mantissa.find_first_not_of("0."))
                                           : static_cast<std::int64_t>(std::min(mantissa.find('.'), mantissa.size()));
    return digits + exponent < 0;
  }

  [[noreturn]] void fail_syntax() const {
    const std::string_view rest = text_.substr(std::min(at_, text_.size()));
    throw_input(file_, line_and_column(text_, at_),
                rest.empty() ? std::string("JSON ends too early")
                             : "not valid JSON near " + quoted(rest.substr(0, rest.find('\n')), kShownBytes));
  }

  std::string_view text_, file_;
  std::size_t at_ = 0;
};

}  // namespace

Json Json::parse(std::string_view text, std::string_view file) {
  if (starts_with(text, "\xEF\xBB\xBF")) text.remove_prefix(3);
  if (const auto bad = find_invalid_utf8(text)) {
    throw_input(file, fmt::format("offset {}", *bad), "not valid UTF-8");
  }
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw_input(file, line_and_column(text, nul), "not valid JSON: found a NUL byte");
  }
  return JsonParser(text, file).run();
}

}  // namespace kerf
