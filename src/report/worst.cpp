#include "report/worst.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/json_strings.h"
#include "core/strings.h"
#include "report/figures.h"
#include "report/table.h"

namespace kerf::report {
namespace {

std::string encoded(std::u32string_view characters) {
  std::string out;
  for (const char32_t c : characters) append_utf8(out, c);
  return out;
}

/// "token 12.3%"
std::string guess(const std::string& token, double p) {
  return fmt::format("{} {}%", quoted(token, 40), fixed(100 * p, 1));
}

}  // namespace

std::string last_characters(const std::string& text, std::size_t count) {
  const std::u32string all = decode_utf8(utf8_text(text));
  if (all.size() <= count) return encoded(all);
  return "..." + encoded(std::u32string_view(all).substr(all.size() - count));
}

std::string first_characters(const std::string& text, std::size_t count) {
  const std::u32string all = decode_utf8(utf8_text(text));
  if (all.size() <= count) return encoded(all);
  return encoded(std::u32string_view(all).substr(0, count)) + "...";
}

std::string worst_text(const std::vector<WorstToken>& worst) {
  constexpr std::size_t kBefore = 40;
  constexpr auto kRight = Table::Align::kRight;
  Table table;
  table.column("KL", kRight).column("window:position", kRight).column("where it broke");
  table.column("p there", kRight).column("reference says").column("model says");
  for (const WorstToken& token : worst) {
    table.row({fixed(token.kl, 3), fmt::format("{}:{}", token.window, token.position),
               printable(last_characters(token.before, kBefore)) + "[" + printable(token.token, 40) + "]",
               fmt::format("{}% -> {}%", fixed(100 * token.reference_p, 1), fixed(100 * token.p, 1)),
               guess(token.reference_best, token.reference_best_p), guess(token.best, token.best_p)});
  }
  return table.text();
}

}  // namespace kerf::report
