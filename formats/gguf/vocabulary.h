#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/json.h"
#include "formats/gguf/token_types.h"

namespace kerf::formats::gguf {

/// The type of a part of a tokenizer.json, or "unnamed".
std::string_view kind_of(const JsonCursor& part);
/// Error(kUsage): llama.cpp would give other tokens.
[[noreturn]] void refuse_tokenizer(const JsonCursor& where, std::string_view what);

/// Tokens by id, as they are collected for a file.
class Vocabulary {
 public:
  Vocabulary(std::int64_t size, std::string file);

  /// An added token has an entry in the vocabulary or none; the later type wins. Error(kInput) for an id beyond the
  /// size, or one that another token has.
  void add(std::string_view token, std::int64_t id, TokenType type, float score = 0);
  /// The `added_tokens` of a tokenizer.json.
  void add_all(const JsonCursor& json);
  std::optional<std::int64_t> id(std::string_view token) const;
  std::int64_t size() const { return static_cast<std::int64_t>(tokens_.size()); }
  bool is(std::int64_t id, TokenType type) const {
    return types_[static_cast<std::size_t>(id)] == static_cast<std::int32_t>(type);
  }
  void set_score(std::int64_t id, float score) { scores_[static_cast<std::size_t>(id)] = score; }

  /// Fills the ids without a token; returns how many there were.
  std::int64_t pad();

  const std::vector<std::string>& tokens() const { return tokens_; }
  const std::vector<std::int32_t>& types() const { return types_; }
  const std::vector<float>& scores() const { return scores_; }

 private:
  std::string file_;
  std::vector<std::string> tokens_;
  std::vector<std::int32_t> types_;
  std::vector<float> scores_;
  std::vector<bool> filled_;
  std::unordered_map<std::string, std::int64_t> ids_;
};

}  // namespace kerf::formats::gguf
