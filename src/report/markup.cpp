#include "report/markup.h"

#include "core/json_strings.h"
#include "core/strings.h"

namespace kerf::report {
namespace {

/// Allowed in XML 1.0.
bool is_allowed(char32_t c) { return c == '\t' || c == '\n' || (c >= 0x20 && c != 0x7F && c != 0xFFFE && c != 0xFFFF); }

}  // namespace

std::string escape_markup(std::string_view text) {
  constexpr char32_t kReplacement = 0xFFFD;
  std::string out;
  for (const char32_t c : decode_utf8(utf8_text(std::string(text)))) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        append_utf8(out, is_allowed(c) ? c : kReplacement);
    }
  }
  return out;
}

std::string escape_markdown(std::string_view text) {
  constexpr std::string_view kSpecial = "\\`*_{}[]<>#|~$@";
  std::string out;
  for (const char c : utf8_text(std::string(text))) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += ' ';
      continue;
    }
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string markdown_table(const std::vector<std::string>& headings, const std::vector<bool>& right,
                           const std::vector<std::vector<std::string>>& rows) {
  const auto line = [](const std::vector<std::string>& cells) { return "| " + join(cells, " | ") + " |\n"; };
  std::vector<std::string> rule;
  for (std::size_t i = 0; i < headings.size(); ++i) rule.emplace_back(right[i] ? "---:" : ":---");
  std::string out = line(headings) + line(rule);
  for (const auto& row : rows) out += line(row);
  return out;
}

}  // namespace kerf::report
