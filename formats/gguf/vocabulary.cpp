#include "formats/gguf/vocabulary.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::gguf {
namespace {

/// Of tokens that no text becomes, as llama.cpp's convert script has it.
constexpr float kUnusedScore = -10000;

}  // namespace

std::string_view kind_of(const JsonCursor& part) {
  const Json* type = part.json().find("type");
  return type != nullptr && type->is_string() ? std::string_view(type->as_string()) : std::string_view("unnamed");
}

void refuse_tokenizer(const JsonCursor& where, std::string_view what) {
  throw_usage(fmt::format("{}: {}: {}, which a GGUF file cannot say", where.file(), where.path(), what));
}

Vocabulary::Vocabulary(std::int64_t size, std::string file)
    : file_(std::move(file)),
      tokens_(static_cast<std::size_t>(size)),
      types_(static_cast<std::size_t>(size), static_cast<std::int32_t>(TokenType::kUnused)),
      scores_(static_cast<std::size_t>(size), kUnusedScore),
      filled_(static_cast<std::size_t>(size), false) {}

void Vocabulary::add(std::string_view token, std::int64_t id, TokenType type, float score) {
  if (id < 0 || id >= size()) {
    throw_input(file_, fmt::format("token {}", quoted(token)),
                fmt::format("found id {}, but the model's embeddings have only {} rows", id, tokens_.size()));
  }
  const auto at = static_cast<std::size_t>(id);
  const auto [known, fresh] = ids_.emplace(token, id);
  if ((filled_[at] && tokens_[at] != token) || (!fresh && known->second != id)) {
    throw_input(file_, fmt::format("token {}", quoted(token)),
                fmt::format("found id {} or the token used twice, expected one id a token", id));
  }
  if (!filled_[at]) scores_[at] = score;
  tokens_[at] = token;
  types_[at] = static_cast<std::int32_t>(type);
  filled_[at] = true;
}

void Vocabulary::add_all(const JsonCursor& json) {
  const auto added = json.get("added_tokens");
  for (std::size_t i = 0; added && i < added->as_array().size(); ++i) {
    const JsonCursor token = added->at(i);
    const std::int64_t id = token.at("id").as_int64();
    // The unknown one keeps its type: its text, when it stands in a text, is a token all the same.
    const bool unknown = id >= 0 && id < size() && is(id, TokenType::kUnknown);
    const bool special = token.bool_or("special", false);
    add(token.at("content").as_string(), id,
        unknown   ? TokenType::kUnknown
        : special ? TokenType::kControl
                  : TokenType::kUserDefined);
  }
}

std::optional<std::int64_t> Vocabulary::id(std::string_view token) const {
  const auto found = ids_.find(std::string(token));
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::int64_t Vocabulary::pad() {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (filled_[i]) continue;
    tokens_[i] = fmt::format("[PAD{}]", i);
    if (!ids_.emplace(tokens_[i], static_cast<std::int64_t>(i)).second) {
      throw_input(file_, fmt::format("token {}", quoted(tokens_[i])), "found the name that padding needs");
    }
    ++count;
  }
  return count;
}

}  // namespace kerf::formats::gguf
