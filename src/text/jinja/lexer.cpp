#include "text/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "text/jinja/python_text.h"

namespace kerf::text::jinja {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Line ends as \n, and without the one at the end of the template.
std::string normalized(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t at = 0; at < source.size(); ++at) {
    if (source[at] != '\r') {
      out += source[at];
    } else {
      out += '\n';
      if (at + 1 < source.size() && source[at + 1] == '\n') ++at;
    }
  }
  if (ends_with(out, "\n")) out.pop_back();
  return out;
}

class Lexer {
 public:
  Lexer(std::string source, const std::string& file) : source_(std::move(source)), file_(file) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) cut_data();
    add(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw_input(file_, fmt::format("line {}", line_), message);
  }
  void add(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }
  bool sees(std::string_view text) const { return std::string_view(source_).substr(at_, text.size()) == text; }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  /// Passes over that many bytes.
  void pass(std::size_t count) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(at_ + count), '\n'));
    at_ += count;
  }
  void pass_spaces() {
    const std::string_view rest = std::string_view(source_).substr(at_);
    pass(rest.size() - strip_left(rest, std::nullopt).size());
  }

  std::size_t find_tag(std::size_t from) const {
    for (std::size_t at = source_.find('{', from); at != kNowhere; at = source_.find('{', at + 1)) {
      if (at + 1 < source_.size() && (source_[at + 1] == '{' || source_[at + 1] == '%' || source_[at + 1] == '#'))
        return at;
    }
    return kNowhere;
  }

  /// Adds the text before a tag whose sign is `sign`; `is_line` if white space before it on its line goes too.
  void add_data(std::string_view data, char sign, bool is_line) {
    if (sign == '-') {
      data = strip_right(data, std::nullopt);
    } else if (is_line && sign != '+') {
      const std::size_t newline = data.rfind('\n');
      const std::size_t begin = newline == kNowhere ? 0 : newline + 1;
      const bool at_line_start = newline != kNowhere || line_starts_;
      if (at_line_start && strip_left(data.substr(begin), std::nullopt).empty()) data = data.substr(0, begin);
    }
    if (!data.empty()) add(TokenKind::kData, std::string(data));
  }

  /// Data up to the next tag, and the tag.
  void cut_data() {
    const std::size_t tag = find_tag(at_);
    if (tag == kNowhere) {
      add(TokenKind::kData, source_.substr(at_));
      pass(source_.size() - at_);
      return;
    }
    const std::string data = source_.substr(at_, tag - at_);
    const char kind = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    const bool signs = sign == '-' || (sign == '+' && kind != '{');
    add_data(data, signs ? sign : '\0', kind != '{');
    pass(tag - at_ + (signs ? 3 : 2));
    if (kind == '#') {
      cut_comment();
    } else if (kind == '{') {
      add(TokenKind::kPrintBegin, "");
      cut_expression("}}", TokenKind::kPrintEnd);
    } else if (!cut_raw()) {
      add(TokenKind::kBlockBegin, "");
      cut_expression("%}", TokenKind::kBlockEnd);
    }
  }

  /// Passes over the end of a tag whose two characters are `end`, with what its sign takes along; false if none stands
  /// here. `is_block`: a newline behind it goes too.
  bool pass_end(std::string_view end, bool is_block) {
    const bool has_sign = peek() == '-' || (is_block && peek() == '+');
    if (std::string_view(source_).substr(std::min(at_ + has_sign, source_.size()), 2) != end) return false;
    const char sign = has_sign ? peek() : '\0';
    const std::size_t begin = at_;
    pass(2 + has_sign);
    if (sign == '-') pass_spaces();
    if (sign == '\0' && is_block && peek() == '\n') pass(1);
    line_starts_ = at_ > begin && source_[at_ - 1] == '\n';
    return true;
  }

  void cut_comment() {
    while (at_ < source_.size()) {
      if (pass_end("#}", true)) return;
      pass(1);
    }
    fail("found a comment that does not end");
  }

  /// {% raw %} ... {% endraw %}, behind its first two characters; false if the tag is another.
  bool cut_raw() {
    const std::size_t start = at_;
    const int start_line = line_;
    pass_spaces();
    if (!sees("raw")) return restart(start, start_line);
    pass(3);
    pass_spaces();
    const bool trims = peek() == '-';
    if (trims) pass(1);
    if (!sees("%}")) return restart(start, start_line);
    pass(2);
    if (trims) pass_spaces();
    line_starts_ = source_[at_ - 1] == '\n';
    for (std::size_t tag = source_.find("{%", at_); tag != kNowhere; tag = source_.find("{%", tag + 2)) {
      const std::size_t begin = at_;
      const int begin_line = line_;
      const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
      const bool signs = sign == '-' || sign == '+';
      pass(tag - at_ + (signs ? 3 : 2));
      pass_spaces();
      if (sees("endraw")) {
        const std::string data = source_.substr(begin, tag - begin);
        pass(6);
        pass_spaces();
        if (pass_raw_end(data, signs ? sign : '\0')) return true;
      }
      restart(begin, begin_line);
    }
    fail("found a raw block that does not end");
  }

  bool pass_raw_end(const std::string& data, char sign) {
    const bool line_starts = line_starts_;
    if (!pass_end("%}", true)) return false;
    const bool behind = std::exchange(line_starts_, line_starts);
    add_data(data, sign, true);
    line_starts_ = behind;
    return true;
  }

  bool restart(std::size_t at, int line) {
    at_ = at;
    line_ = line;
    return false;
  }

  void cut_expression(std::string_view end, TokenKind end_kind) {
    constexpr std::size_t kDeepest = 200;
    std::string open;  // brackets that are to be closed
    for (;;) {
      pass_spaces();
      if (at_ >= source_.size()) fail(fmt::format("found the end of the template, expected {}", quoted(end)));
      if (open.empty()) {
        const int line = line_;
        if (pass_end(end, end == "%}")) {
          tokens_.push_back({end_kind, "", line});
          return;
        }
      }
      const char c = peek();
      if (is_letter(c)) {
        std::size_t size = 1;
        while (is_letter(peek(size)) || is_digit(peek(size))) ++size;
        take(TokenKind::kName, size);
      } else if (is_digit(c)) {
        cut_number();
      } else if (c == '\'' || c == '"') {
        cut_text(c);
      } else {
        cut_operator(open);
        if (open.size() > kDeepest) fail(fmt::format("found brackets more than {} deep", kDeepest));
      }
    }
  }

  void take(TokenKind kind, std::size_t size) {
    add(kind, source_.substr(at_, size));
    pass(size);
  }

  void cut_operator(std::string& open) {
    static constexpr std::array<std::string_view, 6> kLong{"//", "**", "==", "!=", ">=", "<="};
    static constexpr std::string_view kShort = "+-/*%~[](){}><=.:|,;";
    const char c = peek();
    const std::string_view two = std::string_view(source_).substr(at_, 2);
    if (std::find(kLong.begin(), kLong.end(), two) != kLong.end()) return take(TokenKind::kOperator, 2);
    if (kShort.find(c) == kNowhere) fail(fmt::format("found {} in an expression", quoted(source_.substr(at_, 1))));
    if (c == '(' || c == '[' || c == '{') open += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) {
        fail(fmt::format("found '{}', expected {}", c,
                         open.empty() ? "no bracket to be closed" : quoted(open.substr(open.size() - 1))));
      }
      open.pop_back();
    }
    take(TokenKind::kOperator, 1);
  }

  /// Digits with single underscores between them, from `ahead` on; their count in bytes.
  std::size_t digits(std::size_t ahead, bool (*is)(char)) const {
    std::size_t size = 0;
    while (is(peek(ahead + size)) || (size > 0 && peek(ahead + size) == '_' && is(peek(ahead + size + 1)))) ++size;
    return size;
  }

  void cut_number() {
    if (peek() == '0' &&
        (peek(1) == 'x' || peek(1) == 'X' || peek(1) == 'o' || peek(1) == 'O' || peek(1) == 'b' || peek(1) == 'B')) {
      fail("found a number that is not decimal, which is not supported");
    }
    std::size_t size = digits(0, is_digit);
    bool is_real = false;
    if (peek(size) == '.' && is_digit(peek(size + 1))) {
      is_real = true;
      size += 1 + digits(size + 1, is_digit);
    }
    if (peek(size) == 'e' || peek(size) == 'E') {
      const std::size_t sign = peek(size + 1) == '+' || peek(size + 1) == '-';
      if (const std::size_t more = digits(size + 1 + sign, is_digit); more > 0) {
        is_real = true;
        size += 1 + sign + more;
      }
    }
    std::string text = source_.substr(at_, size);
    text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
    add(is_real ? TokenKind::kReal : TokenKind::kInteger, std::move(text));
    pass(size);
  }

  void cut_text(char quote) {
    const int line = line_;
    std::string text;
    for (pass(1); peek() != quote || at_ >= source_.size();) {
      if (at_ >= source_.size()) {
        line_ = line;
        fail("found a string that does not end");
      }
      if (peek() == '\\') {
        pass(1);
        cut_escape(text);
      } else {
        text += peek();
        pass(1);
      }
    }
    pass(1);
    tokens_.push_back({TokenKind::kText, std::move(text), line});
  }

  /// Python's escapes, behind the backslash.
  void cut_escape(std::string& text) {
    static constexpr std::string_view kNames = "\\'\"abfnrtv", kMeanings = "\\'\"\a\b\f\n\r\t\v";
    const char c = peek();
    if (const std::size_t found = kNames.find(c); at_ < source_.size() && found != kNowhere) {
      text += kMeanings[found];
      pass(1);
    } else if (c == '\n') {
      pass(1);
    } else if (c == 'x' || c == 'u' || c == 'U') {
      pass(1);
      append_code_point(text, hexadecimal(c == 'x' ? 2 : c == 'u' ? 4 : 8));
    } else if (c >= '0' && c <= '7') {
      char32_t value = 0;
      for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i, pass(1))
        value = value * 8 + static_cast<char32_t>(peek() - '0');
      append_code_point(text, value);
    } else if (c == 'N') {
      fail("found the name of a character in a string, which is not supported");
    } else {
      text += '\\';  // no escape: both stay
    }
  }

  char32_t hexadecimal(int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i, pass(1)) {
      const char c = peek();
      const bool is_high = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!is_digit(c) && !is_high) fail("found an escape in a string with too few digits");
      value = value * 16 + static_cast<char32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
  }

  void append_code_point(std::string& text, char32_t c) {
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) fail("found an escape in a string that is no character");
    append_utf8(text, c);
  }

  std::string source_;
  const std::string& file_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starts_ = true;
};

}  // namespace

std::vector<Token> cut_template(std::string_view source, const std::string& file) {
  return Lexer(normalized(source), file).run();
}

}  // namespace kerf::text::jinja
