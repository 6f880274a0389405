#include "cli/command_line.h"

namespace kerf::cli {
namespace {

std::string& remembered() {
  static std::string line;
  return line;
}

std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string shell_line(const std::vector<std::string>& words) {
  std::string out = "kerf";
  for (const std::string& word : words) out += " " + shell_word(word);
  return out;
}

void remember_command_line(const std::vector<std::string>& words) { remembered() = shell_line(words); }

const std::string& command_line() { return remembered(); }

}  // namespace kerf::cli
