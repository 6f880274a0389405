// tokenize_lines MODEL [--no-special] [--decode] [--seconds]: one JSON string a line in, one array of ids a line out;
// with --decode the other way round (--no-special then leaves special tokens out); with --seconds only the time that
// encoding all lines takes, the best of three. MODEL is a folder or a tokenizer.json.

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/json.h"
#include "description/description.h"
#include "text/tokenizer.h"

namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;

kerf::description::Tokenizer open(const std::string& model) {
  const std::string file = kerf::is_directory(model) ? kerf::join_path(model, "tokenizer.json") : model;
  const std::string config = kerf::join_path(kerf::parent_path(file), "tokenizer_config.json");
  kerf::description::Tokenizer description;
  description.tokenizer_json = kerf::Json::parse(kerf::read_file(file, kMaxFileBytes), file);
  if (kerf::path_exists(config)) {
    description.tokenizer_config = kerf::Json::parse(kerf::read_file(config, kMaxFileBytes), config);
  }
  description.source_file = file;
  return description;
}

std::string encode(const kerf::text::Tokenizer& tokenizer, const kerf::Json& line, bool special) {
  kerf::Json ids = kerf::Json::array();
  for (const auto id : tokenizer.encode(line.as_string(), special)) ids.push_back(id);
  return ids.dump();
}

std::string decode(const kerf::text::Tokenizer& tokenizer, const kerf::Json& line, bool special) {
  std::vector<std::int64_t> ids;
  for (const auto& id : line.as_array()) ids.push_back(id.as_int64());
  return kerf::Json(tokenizer.decode(ids, !special)).dump();
}

double seconds_to_encode(const kerf::text::Tokenizer& tokenizer, const std::vector<std::string>& texts) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int run = 0; run < 3; ++run) {
    const auto start = Clock::now();
    for (const std::string& text : texts) tokenizer.encode(text, true);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = run == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  bool special = true, decoding = false, timing = false;
  for (int i = 2; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--no-special") special = false;
    if (option == "--decode") decoding = true;
    if (option == "--seconds") timing = true;
  }
  if (argc < 2) {
    std::cerr << "usage: tokenize_lines MODEL [--no-special] [--decode] [--seconds]\n";
    return 2;
  }
  try {
    const auto tokenizer = kerf::text::Tokenizer::make(open(argv[1]));
    std::ios::sync_with_stdio(false);
    std::string text;
    std::vector<std::string> texts;
    while (std::getline(std::cin, text)) {
      const kerf::Json line = kerf::Json::parse(text, "standard input");
      if (timing) {
        texts.push_back(line.as_string());
        continue;
      }
      std::cout << (decoding ? decode(*tokenizer, line, special) : encode(*tokenizer, line, special)) << '\n';
    }
    if (timing) std::cout << seconds_to_encode(*tokenizer, texts) << '\n';
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 3;
  }
}
