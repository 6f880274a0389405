#include "formats/gguf/merge_scores.h"

#include <vector>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::formats::gguf {
namespace {

std::pair<std::string, std::string> halves(const JsonCursor& merge) {
  if (merge.json().is_string()) {
    const std::string& text = merge.json().as_string();
    const std::size_t space = text.find(' ', 1);
    if (space == std::string::npos) merge.fail("found no space between two tokens");
    return {text.substr(0, space), text.substr(space + 1)};
  }
  if (merge.as_array().size() != 2) merge.fail(fmt::format("found {} parts, expected 2", merge.as_array().size()));
  return {merge.at(std::size_t{0}).as_string(), merge.at(std::size_t{1}).as_string()};
}

/// Ways to cut a token into two tokens.
std::int64_t count_cuts(const std::string& token, const Vocabulary& vocabulary) {
  std::int64_t cuts = 0;
  for (std::size_t i = 1; i < token.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(token[i]) & 0xC0U) != 0x80U;
    if (starts && vocabulary.id(std::string_view(token).substr(0, i)) &&
        vocabulary.id(std::string_view(token).substr(i))) {
      ++cuts;
    }
  }
  return cuts;
}

}  // namespace

void score_merges(const JsonCursor& model, Vocabulary& vocabulary) {
  const JsonCursor merges = model.at("merges");
  std::vector<std::int64_t> counts(static_cast<std::size_t>(vocabulary.size()), 0);
  std::optional<std::int64_t> previous;
  for (std::size_t i = 0; i < merges.as_array().size(); ++i) {
    const auto [left, right] = halves(merges.at(i));
    const auto id = vocabulary.id(left + right);
    if (!id) merges.at(i).fail(fmt::format("found a pair whose sum {} is no token", quoted(left + right)));
    std::int64_t& count = counts[static_cast<std::size_t>(*id)];
    if (count > 0 && previous != id && vocabulary.is(*id, TokenType::kNormal)) {
      refuse_tokenizer(merges.at(i), fmt::format("found merges of {} at several places", quoted(left + right)));
    }
    if (count == 0) vocabulary.set_score(*id, -static_cast<float>(i));
    ++count;
    previous = id;
  }
  for (std::int64_t id = 0; id < vocabulary.size(); ++id) {
    if (!vocabulary.is(id, TokenType::kNormal)) continue;
    const std::string& token = vocabulary.tokens()[static_cast<std::size_t>(id)];
    const std::int64_t cuts = count_cuts(token, vocabulary), listed = counts[static_cast<std::size_t>(id)];
    if (cuts == listed) continue;
    refuse_tokenizer(merges, fmt::format("found {} of the {} merges of {}", listed, cuts, quoted(token)));
  }
}

}  // namespace kerf::formats::gguf
